# Prepares this shell for the workshop: the module system's Python where there is one (OzSTAR,
# Ngarrgu Tindebeek), and everywhere the virtual environment .venv beside this file, made at the
# first time. For bash and zsh; it is sourced, not run:    . ./script.sh
#
# On a cluster, source it first on a login node: compute nodes cannot download anything. If that
# node has neither modules nor a GPU, ask for TensorFlow's CUDA libraries:    . ./script.sh --cuda

# The modules to load. To look for newer ones: module spider python-scientific
# Workshop 2018, for the record: numpy/1.14.1-python-2.7.14 tensorflowgpu/1.6.0-python-2.7.14
#   scikit-learn/0.19.1-python-2.7.14 pandas/0.22.0-python-2.7.14 keras/2.1.4-python-2.7.14
_workshop_modules="python-scientific/3.13.1-foss-2025a"

# "command" below: the program itself, not an alias or function of yours with that name.
_workshop_say() { printf 'script.sh: %s\n' "$*" >&2; }

# Sets python to a Python that can run the workshop.
_workshop_find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        python=$(unalias -a; unset -f "$candidate" 2>/dev/null || :
            command -v "$candidate") || continue
        "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
            2>/dev/null && break
        python=
    done
    if [ -z "$python" ]; then
        _workshop_say "no Python 3.11, 3.12 or 3.13 here (python3 is" \
            "$(command python3 --version 2>&1 | command tail -n 1)): install one of them," \
            "then source this again"
        return 1
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    _workshop_say "$python has no venv module: install it (Debian, Ubuntu:" \
        "apt install python3-venv)"
    return 1
}

# Is all that is asked for installed? The CUDA libraries, once there, stay.
_workshop_complete() {
    installed=$(command cat "$venv/installed" 2>/dev/null)
    case $installed in "$cuda "*) tensorflow=$cuda ;; esac
    [ -e "$venv/made-for" ] && [ "$installed" = "$tensorflow $requirements" ]
}

# $*: why nothing can be installed. A .venv that was finished once serves all the same.
_workshop_do_without() {
    local lacking="what requirements.txt asks for now"
    [ -e "$venv/made-for" ] || { _workshop_say "$*"; return 1; }
    [ "$installed" != " $requirements" ] || lacking="the CUDA libraries, so on the CPU"
    _workshop_say "going on without $lacking: $*. Where there is network:" \
        ". \"$folder/script.sh\"${tensorflow:+ --cuda}"
}

# Makes .venv, or installs what it lacks. made-for is written last: without it, .venv is unfinished.
_workshop_install() {
    if [ ! -e "$venv/made-for" ]; then
        _workshop_find_python || return 1
        [ ! -e "$venv/unfinished" ] || command rm -rf "$venv" || return 1
        command rmdir "$venv" 2>/dev/null
        if [ -e "$venv" ] || [ -L "$venv" ]; then
            _workshop_say "$venv was not made by this script: move it away, then source this again"
            return 1
        fi
        if ! { command mkdir "$venv" && : >|"$venv/unfinished" && "$python" -m venv "$venv"; } \
            >/dev/null 2>&1; then
            _workshop_say "$python -m venv failed: get room in $folder, or try another Python"
            return 1
        fi
    fi
    _workshop_say "installing the packages into $venv (a few minutes the first time)"
    # With a finished .venv, do not wait long for a network that may not be there.
    if ! { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        ${installed:+--retries=1} -r "$folder/requirements.txt" ${tensorflow:+"$tensorflow"} \
        >|"$venv/pip.log" 2>&1 &&
        printf '%s\n' "$tensorflow $requirements" >|"$venv/installed" &&
        { [ -e "$venv/made-for" ] || printf '%s\n' "$venv $modules" >|"$venv/made-for"; } &&
        command rm -f "$venv/unfinished"; } 2>/dev/null; then
        _workshop_do_without "pip failed ($(command tail -n 1 "$venv/pip.log" 2>/dev/null));" \
            "all it said is in $venv/pip.log"
    fi
}

# One shell installs, the others wait. The lock is a folder, because mkdir has only one winner, on
# network disks too; the one file in it is named after the process that holds it. To take over from
# a dead process is to rename that file: this, too, has one winner. "( )" makes a shell of its own,
# whose trap and background loop end with it.
_workshop_lock_and_install() (
    lock=$venv.lock host=$(command uname -n) told='' heartbeat=''
    me=$host:$(exec sh -c 'echo "$PPID"')
    _workshop_unlock() {
        trap '' HUP INT TERM # not half of it, and not twice
        [ -z "$heartbeat" ] || kill "$heartbeat"
        command rm "$lock/$me" && command rmdir "$lock"
    } 2>/dev/null
    trap '_workshop_unlock; exit 130' HUP INT TERM
    while
        error=$(LC_ALL=C command mkdir "$lock" 2>&1) && { : >|"$lock/$me"; } 2>/dev/null
        owner=$(command ls "$lock" 2>/dev/null)
        [ "$owner" != "$me" ]
    do
        if [ "${error%File exists}" = "$error" ]; then
            command rmdir "$lock" 2>/dev/null
            _workshop_do_without "$folder cannot be written (${error##*: }): get room or permission"
            exit
        fi
        # Dead: mine and of this host, but not there; or its file was not touched for two minutes.
        # The file is touched before the rename, so that nobody takes its new owner for dead.
        if [ "${owner%:*}" = "$host" ] && [ -O "$lock/$owner" ] && ! kill -0 "${owner##*:}" ||
            [ -n "$(command find "$lock/$owner" -prune -mmin +2)" ]; then
            if [ -z "$owner" ]; then command rmdir "$lock"; else
                command touch -c "$lock/$owner" && command mv "$lock/$owner" "$lock/$me" && continue
            fi
        fi 2>/dev/null
        if [ -z "$told" ] && [ -n "$owner" ] && [ -e "$lock/$owner" ]; then
            _workshop_say "waiting for process ${owner##*:} on ${owner%:*}, which installs the" \
                "packages (if it does not: rm -r \"$lock\")"
            told=yes
        fi
        command sleep 1
    done
    { while command sleep 1 && kill -0 "${me##*:}"; do command touch -c "$lock/$me"; done & } \
        >/dev/null 2>&1
    heartbeat=$!
    command touch -c "$venv" 2>/dev/null # else NFS may remember what another host has changed there
    _workshop_complete || _workshop_install # another may have done it meanwhile
    result=$?
    _workshop_unlock
    exit "$result"
)

# $*: what is wrong with the finished .venv.
_workshop_misfit() {
    _workshop_say "$venv $*; to make it anew: rm -r \"$venv\"; . \"$folder/script.sh\""
    return 1
}

# $1: the folder of this file, $2: the first argument.
_workshop_prepare() {
    local folder="$1" venv="$1/.venv" shell=bash cuda='tensorflow[and-cuda]' tensorflow=''
    local modules='' requirements='' installed='' python='' made_for='' trouble='' now=''
    requirements=$(command cat "$folder/requirements.txt") || return 1

    # A batch job may know the module system by its variables alone.
    [ -z "${ZSH_VERSION:-}" ] || shell=zsh
    if ! type module >/dev/null 2>&1 && [ -r "${MODULESHOME:-}/init/$shell" ]; then
        . "$MODULESHOME/init/$shell"
    fi
    if type module >/dev/null 2>&1; then
        modules=$_workshop_modules
        # A virtual environment left active would hide the module's Python.
        [ -z "${VIRTUAL_ENV:-}" ] || ! type deactivate >/dev/null 2>&1 || deactivate
        module purge >/dev/null 2>&1 || true
        if ! module load "$modules" >/dev/null 2>&1; then
            _workshop_say "no module $modules here: find another with 'module spider python'" \
                "and name it in $folder/script.sh"
            return 1
        fi
    fi
    unset PYTHONPATH # modules and other software (HEASoft) set it: it hides the packages of .venv
    if [ -n "$modules" ] || [ "$2" = --cuda ] || command -v nvidia-smi >/dev/null 2>&1; then
        tensorflow=$cuda
    fi

    # A finished .venv is never removed here: it holds gigabytes, and a compute node cannot make it
    # anew. Whatever it was made for, it is used if it works. Made in another place it does not: its
    # commands, such as pip, are those of the other place.
    made_for=$(command cat "$venv/made-for" 2>/dev/null) || made_for="$venv $modules"
    if ! [ "${made_for% *}" -ef "$venv" ] && [ -e "$venv/made-for" ]; then
        _workshop_misfit "was made as ${made_for% *} and moved or copied"
        return
    fi
    _workshop_complete || _workshop_lock_and_install || return
    if ! trouble=$("$venv/bin/python" -c 'import numpy' 2>&1); then
        now=$("$venv/bin/python" --version 2>/dev/null) &&
            now="; its packages are for $(command ls "$venv/lib"), its Python is now $now"
        _workshop_misfit "does not work ($(printf '%s' "$trouble" | command tail -n 1)$now)"
        return
    fi
    made_for=${made_for##* }
    if [ -n "$modules" ] && [ "$made_for" != "$modules" ]; then
        _workshop_misfit "works, but with ${made_for:-no module} and not $modules" || true
    fi
    . "$venv/bin/activate"
}

# Leaves nothing of this file behind but its status, $1.
_workshop_end() {
    unset -f _workshop_say _workshop_find_python _workshop_complete _workshop_do_without \
        _workshop_install _workshop_lock_and_install _workshop_misfit _workshop_prepare \
        _workshop_end
    unset _workshop_modules _workshop_folder _workshop_sourced
    return "$1"
}

# bash and zsh tell in different ways where a sourced file is, and whether it was sourced.
if [ -n "${ZSH_VERSION:-}" ]; then
    eval '_workshop_folder=${${(%):-%x}:A:h}'
    _workshop_sourced=${ZSH_EVAL_CONTEXT#toplevel}
elif [ -n "${BASH_VERSION:-}" ]; then
    _workshop_folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
    _workshop_sourced=${BASH_SOURCE[0]#"$0"}
fi
if [ -z "${_workshop_sourced:-}" ]; then
    _workshop_say "this prepares the bash or zsh that sources it, so type there:  . ./script.sh"
    false
else
    # Only --cuda counts: without arguments, $1 is that of the script that sources this.
    _workshop_prepare "$_workshop_folder" "${1:-}"
fi
_workshop_end $?
