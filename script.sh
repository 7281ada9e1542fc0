# Prepares this shell for the workshop: the module system's Python where there is one (OzSTAR,
# Ngarrgu Tindebeek), and everywhere the virtual environment .venv beside this file, made at the
# first time. For bash and zsh; it is sourced, not run:    . ./script.sh
#
# On a cluster, source it first on a login node: compute nodes cannot download anything.

# The modules to load. To look for newer ones: module spider python-scientific
# Workshop 2018, for the record: numpy/1.14.1-python-2.7.14 tensorflowgpu/1.6.0-python-2.7.14
#   scikit-learn/0.19.1-python-2.7.14 pandas/0.22.0-python-2.7.14 keras/2.1.4-python-2.7.14
_workshop_modules="python-scientific/3.13.1-foss-2025a"

_workshop_say() { echo "script.sh: $*" >&2; }

# Sets python to a Python that can run the workshop.
_workshop_find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        python=$(command -v "$candidate") || continue
        "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
            2>/dev/null && break
        python=
    done
    if [ -z "$python" ]; then
        _workshop_say "no Python 3.11, 3.12 or 3.13 here (python3 is $(python3 --version 2>&1 |
            tail -n 1)): install one of them, then source this again"
        return 1
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    _workshop_say "$python has no venv module: install it (Debian, Ubuntu: apt install python3-venv)"
    return 1
}

# $1: the folder of this file.
_workshop_prepare() {
    local venv="$1/.venv" shell=bash modules="" tensorflow="" python="" made_for

    # A batch job may know the module system by its variables alone.
    [ -z "${ZSH_VERSION:-}" ] || shell=zsh
    if ! type module >/dev/null 2>&1 && [ -r "${MODULESHOME:-}/init/$shell" ]; then
        . "$MODULESHOME/init/$shell"
    fi
    if type module >/dev/null 2>&1; then
        modules=$_workshop_modules
        # A virtual environment left active would hide the module's Python.
        ! type deactivate >/dev/null 2>&1 || deactivate
        module purge >/dev/null 2>&1 || true
        if ! module load "$modules" >/dev/null 2>&1; then
            _workshop_say "no module $modules here: find another with 'module spider python'" \
                "and name it in $1/script.sh"
            return 1
        fi
        unset PYTHONPATH # the module sets it, and would hide the packages of .venv
    fi
    if [ -n "$modules" ] || command -v nvidia-smi >/dev/null 2>&1; then
        tensorflow='tensorflow[and-cuda]'
    fi

    # .venv is good if it was finished (made-for is written last), in this place, with these modules.
    made_for="$venv $modules"
    if [ -e "$venv" ] && { [ "$(cat "$venv/made-for" 2>/dev/null)" != "$made_for" ] ||
        ! "$venv/bin/python" -c '' 2>/dev/null; }; then
        if [ ! -e "$venv/unfinished" ]; then
            _workshop_say "$venv was not made by this script: move it away, then source this again"
            return 1
        fi
        command rm -rf "$venv" || return 1
    fi
    if [ ! -e "$venv" ]; then
        _workshop_find_python || return 1
        if ! { command mkdir "$venv" && : >|"$venv/unfinished"; } 2>/dev/null; then
            _workshop_say "$venv cannot be written: get room or permission there"
            return 1
        fi
        if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
            _workshop_say "$python -m venv failed: get room in $1, or try another Python"
            return 1
        fi
    fi

    if [ "$(cat "$venv/installed" 2>/dev/null)" != "$tensorflow $(cat "$1/requirements.txt")" ]; then
        _workshop_say "installing the packages into $venv (a few minutes the first time)"
        command rm -f "$venv/installed"
        if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            -r "$1/requirements.txt" ${tensorflow:+"$tensorflow"} >|"$venv/pip.log" 2>&1; then
            _workshop_say "pip failed ($(tail -n 1 "$venv/pip.log")); all it said is in $venv/pip.log"
            return 1
        fi
        echo "$tensorflow $(cat "$1/requirements.txt")" >|"$venv/installed" &&
            echo "$made_for" >|"$venv/made-for" || return 1
    fi
    . "$venv/bin/activate"
}

# Leaves nothing of this file behind but its status, $1.
_workshop_end() {
    unset -f _workshop_say _workshop_find_python _workshop_prepare _workshop_end
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
    _workshop_prepare "$_workshop_folder"
fi
_workshop_end $?
