# Prepares this shell for the workshop. Type  . ./script.sh  : the dot lets this very shell carry out
# the lines below, so that what they load stays loaded. Do that first on a login node, because
# compute nodes download nothing. On a login node without modules and GPU, ask for TensorFlow's CUDA
# libraries:  . ./script.sh --cuda
if [ -z "${BASH_VERSION-}${ZSH_VERSION-}" ] || [ "${BASH_SOURCE-}" = "$0" ] ||
    [ "${ZSH_EVAL_CONTEXT-}" = toplevel ]; then
    echo 'script.sh: this prepares a bash or zsh: start one of them, then type there  . ./script.sh' >&2
    return 1 2>/dev/null || exit 1
fi

# Leave an active virtual environment, which would later undo what is loaded here. And look for the
# modules: a batch job may know where they are by a variable alone.
if typeset -f deactivate >/dev/null; then deactivate; fi
if ! type module >/dev/null 2>&1 && [ -r "${MODULESHOME-}/init/bash" ]; then
    . "$MODULESHOME/init/${ZSH_VERSION:+z}${BASH_VERSION:+ba}sh"
fi

# Where there are modules: load Python. To see newer ones, type: module spider python-scientific
if type module >/dev/null 2>&1; then
    module purge
    module load python-scientific/3.13.1-foss-2025a || {
        echo "script.sh: that module can't be loaded here: 'module spider python' lists others;" \
            'put one with Python 3.11, 3.12 or 3.13 in its place into script.sh' >&2
        return 1
    }
fi
# The slide purges "all" and loads five, for Python 2.7, which OzSTAR no longer has. The packages are
# now in the virtual environment .venv:
#   module load numpy/1.14.1-python-2.7.14            numpy
#   module load tensorflowgpu/1.6.0-python-2.7.14     tensorflow, for a GPU with its CUDA libraries
#   module load scikit-learn/0.19.1-python-2.7.14     left out: the scripts never used it
#   module load pandas/0.22.0-python-2.7.14           left out: the scripts never used it
#   module load keras/2.1.4-python-2.7.14             keras 3

# Make the virtual environment, or add what it lacks; then activate it
# (Other software sets these variables: they would hide the packages of .venv, or the scripts' own.)
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH
(
    folder=$(dirname -- "$(realpath -- "${BASH_SOURCE:-$0}")")
    for python in python3 python3.13 python3.12 python3.11 "$folder/.venv/bin/python"; do
        if command -v "$python" >/dev/null; then break; fi
    done
    command "$python" -I "$folder/support/environment.py" "$@"
) && . "$(dirname -- "$(realpath -- "${BASH_SOURCE:-$0}")")/.venv/bin/activate"
