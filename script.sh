# Prepares this shell for the workshop. Type  . ./script.sh  : the dot lets
# this very shell carry out these lines, so that what they load stays loaded.
# On a cluster do that first on a login node (jobs have no network); if it has
# neither modules nor a GPU, add  --cuda  for NVIDIA's libraries.

# Leave another .venv, and in a job, which may lack it, define  module
[ "$(command -v deactivate)" != deactivate ] || deactivate
type module >/dev/null 2>&1 || [ ! -r "${MODULESHOME-}/init/bash" ] ||
    . "$MODULESHOME/init/${ZSH_VERSION:+z}${BASH_VERSION:+ba}sh"
# Where there are modules: load Python. Newer: module spider python-scientific
if type module >/dev/null 2>&1; then
    module purge
    module load python-scientific/3.13.1-foss-2025a ||
        { echo 'script.sh: no such module: name another in it' >&2; return 1; }
fi
# The slide loads five, for Python 2.7. What we use of them is now in .venv:
#   module load numpy/1.14.1-python-2.7.14           numpy
#   module load tensorflowgpu/1.6.0-python-2.7.14    tensorflow
#   module load scikit-learn/0.19.1-python-2.7.14    scikit-learn, for what you add
#   module load pandas/0.22.0-python-2.7.14          pandas, for your tables
#   module load keras/2.1.4-python-2.7.14            keras 3
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH # they hide .venv or this folder

# Refuse to be run, which would prepare another shell than this one
case ${BASH_SOURCE-}${ZSH_EVAL_CONTEXT-} in "$0" | toplevel | '')
    echo 'script.sh: type  . ./script.sh  in bash or zsh' >&2
    return 1 2>/dev/null || exit 1 ;;
esac
# Make .venv or add what it lacks, in ( ), so that no variable is left behind.
(
    say() { printf 'script.sh: %s\n' "$1" >&2; }
    fail() { say "$1" && exit 1; }
    use() { # unlock, and leave these ( ) with success, if .venv works
        exec 9<&-; why=$(.venv/bin/python -I -c 'import numpy' 2>&1) && exit
        fail ".venv does not work ($(printf %s "$why" | tail -n 1)); $remedy"
    }
    builtin cd -- "$(dirname -- "$(realpath -- "${BASH_SOURCE:-$0}")")" || exit
    files="$(cat requirements.txt) $(cat constraints.txt)"
    remedy="to begin again: rm -r '$PWD/.venv'"
    made=$(. .venv/bin/activate 2>/dev/null && echo "$VIRTUAL_ENV") # its path
    [ -z "$made" ] || [ "$made" -ef .venv ] || fail "moved from $made; $remedy"
    if [ -L .venv ]; then # somebody else's, which is used as it is
        remedy="ask the owner of $(readlink .venv)"
        case $(cat .venv/installed 2>/dev/null) in
        *"$files") ;;
        ?*) say "going on without what requirements.txt asks for; $remedy" ;;
        *) fail ".venv is unfinished or out of reach; $remedy" ;;
        esac
        use
    fi
    # On clusters, with a GPU, or if it had it: CUDA, and a cuDNN for P100s.
    if [ "${1-}" = --cuda ] || type module >/dev/null 2>&1 ||
        command -v nvidia-smi >/dev/null ||
        grep -qs '^tensorflow.and-cuda' .venv/installed .venv/before; then
        set -- 'tensorflow[and-cuda]' 'nvidia-cudnn-cu12<9.11'
    else set --; fi
    wanted="${1-} $files" # in .venv/installed, once all of it is there
    exec 9<requirements.txt # a lock: one shell at a time (a Mac has no flock)
    flock -n 9 2>/dev/null ||
        [ $? != 1 ] || { say 'waiting for another shell' && flock 9; }
    if [ "$wanted" = "$(cat .venv/installed 2>/dev/null)" ]; then use; fi
    say "installing into $PWD/.venv (a few minutes the first time)"
    export PIP_USER=0 # even if you install with --user elsewhere
    if [ -e .venv/installed ]; then # finished, but with something else
        mv .venv/installed .venv/before && had=$(.venv/bin/pip freeze)
    else # no .venv, or an interrupted one: make pip forget half packages
        for py in .venv/bin/python python3 python3.13 python3.12 python3.11; do
            "$py" -V 2>/dev/null | grep -q ' 3\.1[123]\.' && break
        done || fail 'there is no Python 3.11, 3.12 or 3.13 here: install one'
        find .venv -maxdepth 4 \( -name '~*' -o -name '*.dist-info' ! -exec \
            test -e '{}/INSTALLER' ';' \) -exec rm -rf '{}' + 2>/dev/null
        "$py" -I -m venv .venv || fail "venv failed, see above; $remedy"
    fi
    .venv/bin/pip install -r requirements.txt -c constraints.txt "$@" &&
        printf '%s\n' "$wanted" >|.venv/installed && use
    # It failed. If it had changed nothing yet, .venv is as good as before.
    [ "${had-unfinished}" = "$(.venv/bin/pip freeze)" ] &&
        mv .venv/before .venv/installed &&
        say 'going on with what .venv had' && use
    fail "failed, see above (no network? Do it on a login node first); $remedy"
) && . "$(dirname -- "$(realpath -- "${BASH_SOURCE:-$0}")")/.venv/bin/activate"
