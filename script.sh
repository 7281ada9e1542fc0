# Prepares this bash or zsh for the workshop. It is sourced, not run:  . ./script.sh
# Do that first on a login node, because compute nodes download nothing. If that node has neither
# modules nor a GPU, ask for TensorFlow's CUDA libraries:  . ./script.sh --cuda
if [ -z "${BASH_VERSION-}${ZSH_VERSION-}" ] || [ "${BASH_SOURCE-}" = "$0" ] ||
    [ "${ZSH_EVAL_CONTEXT-}" = toplevel ]; then
    echo 'script.sh: this prepares the bash or zsh that sources it, so type:  . ./script.sh' >&2
    return 1 2>/dev/null || exit 1
fi

# An active virtual environment would hide the module's Python. A batch job may know the module
# system by its variables alone.
[ -z "${VIRTUAL_ENV-}" ] || ! typeset -f deactivate >/dev/null || deactivate
if ! type module >/dev/null 2>&1 && [ -r "${MODULESHOME-}/init/bash" ]; then
    . "$MODULESHOME/init/${ZSH_VERSION:+z}${BASH_VERSION:+ba}sh"
fi

# Where there are modules: load Python. Newer ones: module spider python-scientific
if type module >/dev/null 2>&1; then
    module purge
    module load python-scientific/3.13.1-foss-2025a || {
        echo 'script.sh: this module is no longer here: find another with' \
            "'module spider python' and name it in script.sh" >&2
        return 1
    }
fi
# The slide loads five, for Python 2.7. The packages are in the virtual environment .venv now:
#   module load numpy/1.14.1-python-2.7.14            numpy
#   module load tensorflowgpu/1.6.0-python-2.7.14     tensorflow, with its CUDA libraries
#   module load scikit-learn/0.19.1-python-2.7.14     left out: the scripts never used it
#   module load pandas/0.22.0-python-2.7.14           left out: the scripts never used it
#   module load keras/2.1.4-python-2.7.14             keras 3

# Make the virtual environment, or add what it lacks, and activate it
_script=${BASH_SOURCE-}
[ -z "${ZSH_VERSION-}" ] || eval '_script=${(%):-%x}'
_folder=$(command dirname -- "$_script")
for _python in python3 python3.13 python3.12 python3.11 "$_folder/.venv/bin/python"; do
    ! command -v "$_python" >/dev/null || break
done
unset PYTHONPATH # of modules and other software: it would hide the packages of .venv
if command -v "$_python" >/dev/null; then
    command "$_python" -I "$_folder/support/environment.py" "$@" && . "$_folder/.venv/bin/activate"
else
    echo 'script.sh: no Python 3.11, 3.12 or 3.13 here: install one, then source this again' >&2
    false
fi
eval "unset _script _folder _python; (exit $?)"
