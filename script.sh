# Prepares this shell for the workshop. In this folder, type  . ./script.sh  :
# the dot lets this very shell carry out the lines below, so that what they
# load stays loaded. On a cluster do that first on a login node (jobs have no
# network); if it has neither modules nor a GPU, add  --cuda  for NVIDIA's
# libraries.
if [ -z "${BASH_VERSION-}${ZSH_VERSION-}" ] || [ "${BASH_SOURCE-}" = "$0" ] ||
    [ "${ZSH_EVAL_CONTEXT-}" = toplevel ] || [ ! -e script.sh ]; then
    echo 'script.sh: in its folder, type  . ./script.sh  in bash or zsh' >&2
    return 1 2>/dev/null || exit 1
fi
if typeset -f deactivate >/dev/null; then deactivate; fi # leave another .venv

# Where there are modules: load Python. Newer: module spider python-scientific
if type module >/dev/null 2>&1; then
    module purge
    module load python-scientific/3.13.1-foss-2025a ||
        { echo 'script.sh: no such module: name another in it' >&2; return 1; }
fi
# The slide loads five, for Python 2.7. What we use of them is now in .venv:
#   module load numpy/1.14.1-python-2.7.14           numpy
#   module load tensorflowgpu/1.6.0-python-2.7.14    tensorflow
#   module load scikit-learn/0.19.1-python-2.7.14    left out, as never used
#   module load pandas/0.22.0-python-2.7.14          pandas, for your tables
#   module load keras/2.1.4-python-2.7.14            keras 3
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH # they hide .venv or this folder

# Make .venv or add what it lacks, in ( ), so that no variable is left behind.
(
    say() { printf 'script.sh: %s\n' "$1" >&2; }
    fail() { say "$1" && exit 1; }
    use() { # leave these ( ) with success, if .venv works
        why=$(.venv/bin/python -I -c 'import numpy' 2>&1) && exit
        fail ".venv does not work ($(printf %s "$why" | tail -n 1)); $remedy"
    }
    files="$(cat requirements.txt) $(cat constraints.txt)"
    if [ -L .venv ]; then # somebody else's, which is used as it is
        remedy="ask the owner of $(readlink .venv)"
        case $(cat .venv/installed 2>/dev/null) in
        *"$files") ;;
        ?*) say "going on without what requirements.txt asks for; $remedy" ;;
        *) fail ".venv is unfinished or out of reach; $remedy" ;;
        esac
        use
    fi
    remedy='to begin again: rm -r .venv'

    # On clusters, with a GPU, or if it had it: CUDA, and a cuDNN for P100s.
    if [ "${1-}" = --cuda ] || type module >/dev/null 2>&1 ||
        command -v nvidia-smi >/dev/null ||
        grep -qs '^tensorflow.and-cuda' .venv/installed .venv/before; then
        set -- 'tensorflow[and-cuda]' 'nvidia-cudnn-cu12<9.11'
    else set --; fi
    # The file installed, written last, says what .venv was finished with.
    wanted="${1-} $files"
    finished() { [ "$wanted" = "$(cat .venv/installed 2>/dev/null)" ]; }
    made=$(. .venv/bin/activate 2>/dev/null && echo "$VIRTUAL_ENV") # its path
    [ "$made" -ef .venv ] || rm -f .venv/installed # it was moved: begin again
    if finished; then use; fi
    say "installing into $PWD/.venv (a few minutes the first time)"
    exec 9<requirements.txt # a lock: one shell at a time (a Mac has no flock)
    flock 9 2>/dev/null
    if finished; then use; fi # another shell has done it
    if [ -e .venv/installed ]; then # finished, but with something else
        mv .venv/installed .venv/before
    else # no .venv, or a moved or an interrupted one, of which nothing stays
        for py in python3 python3.13 python3.12 python3.11; do
            "$py" -V 2>/dev/null | grep -q ' 3\.1[123]\.' && break
        done || fail 'there is no Python 3.11, 3.12 or 3.13 here: install one'
        "$py" -I -m venv --clear .venv || fail 'venv failed, see above'
    fi
    export PIP_USER=0 # even if you install with --user elsewhere
    .venv/bin/pip install -r requirements.txt -c constraints.txt "$@" &&
        printf '%s\n' "$wanted" >|.venv/installed && use
    [ -e .venv/installed ] || mv .venv/before .venv/installed 2>/dev/null ||
        fail 'unfinished: type  . ./script.sh  again'
    say 'going on with what .venv had' && use
) && . .venv/bin/activate
