# Prepares this shell for the workshop. Type  . ./script.sh  in bash or zsh.
# The dot lets this very shell carry out these lines: what they load stays
# loaded. On a cluster do it first on a login node, as jobs have no network.

# Run without the dot, it would prepare another shell: say so, and stop
case ${BASH_SOURCE-}${ZSH_EVAL_CONTEXT-} in "$0" | toplevel | '')
    echo 'script.sh: type  . ./script.sh  in bash or zsh' >&2
    return 1 2>/dev/null || exit 1 ;;
esac

# Where there are modules, load Python (a job may have to define  module)
type module >/dev/null 2>&1 || [ ! -r "${MODULESHOME-}/init/bash" ] ||
    . "$MODULESHOME/init/${ZSH_VERSION:+z}${BASH_VERSION:+ba}sh"
if type module >/dev/null 2>&1; then
    module purge
    module load python-scientific/3.13.1-foss-2025a ||
        { echo 'script.sh: no such module: name another in it' >&2; return 1; }
fi
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH # they would hide our packages

# In 2018 we loaded five modules, for Python 2.7. In their place we have
# module load numpy/1.14.1-python-2.7.14           numpy
# module load tensorflowgpu/1.6.0-python-2.7.14    tensorflow
# module load scikit-learn/0.19.1-python-2.7.14    scikit-learn
# module load pandas/0.22.0-python-2.7.14          pandas
# module load keras/2.1.4-python-2.7.14            keras 3
# in .venv, a folder of packages. Make it or add what it lacks; then use it
bash "$(dirname -- "${BASH_SOURCE:-$0}")/support/make_venv.sh" "${1-}" &&
    . "$(dirname -- "${BASH_SOURCE:-$0}")/.venv/bin/activate"
