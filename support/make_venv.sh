# Makes .venv, or adds what it lacks, for script.sh, as a process of its own.
say() { printf 'script.sh: %s\n' "$1" >&2; }
fail() { say "$1" && exit 1; }
use() { # unlock, and end with success, if .venv works
    exec 9<&-; why=$(.venv/bin/python -I -c 'import numpy' 2>&1) && exit
    fail ".venv does not work ($(printf %s "$why" | tail -n 1)); $remedy"
}
cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
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
if [ "${1-}" = --cuda ] || [ "${MODULESHOME-}" ] ||
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
