# Makes .venv, or adds what it lacks, for script.sh, as a process of its own.
say() { printf 'script.sh: %s\n' "$1" >&2; }
fail() { say "$1" && exit 1; }
use() { # end with success if .venv works
    .venv/bin/python -I -c 'import numpy' 9<&- && exit
    fail ".venv does not work, see above; $remedy"
}
cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
[[ $PWD$(readlink .venv) != *[\"\$\`]* ]] || # activate would carry these out
    fail "rename this folder, without \" \$ and backtick: $PWD"
remedy="to begin again: rm -r $(printf %q "$PWD/.venv")"
made=$(sed -n 's/^command = .* -m venv //p' .venv/pyvenv.cfg 2>/dev/null)
[ -z "$made" ] || [ "$made" -ef .venv ] || fail "moved from $made; $remedy"
files="$(cat requirements.txt) $(cat constraints.txt)"
had=$(cat .venv/installed 2>/dev/null) # written once all of it was there
if [ -L .venv ]; then # somebody else's, which is used as it is
    remedy="ask the owner of $(readlink .venv)"
    [ "$had" ] || fail ".venv is unfinished or out of reach; $remedy"
    [[ $had = *"$files" ]] ||
        say "going on without what requirements.txt asks for; $remedy"
    use
fi
# On clusters, with a GPU, or if it had it: CUDA, and a cuDNN for P100s.
if [ "${1-}" = --cuda ] || [ "${MODULESHOME-}" ] ||
    command -v nvidia-smi >/dev/null || [[ $had = tensorflow* ]]; then
    set -- 'tensorflow[and-cuda]' 'nvidia-cudnn-cu12<9.11'
else set --; fi
exec 9<requirements.txt # a lock: one shell at a time (a Mac has no flock)
flock -n 9 2>/dev/null ||
    [ $? != 1 ] || { say 'waiting for another shell' && flock 9; }
[ "${1-} $files" != "$(cat .venv/installed 2>/dev/null)" ] || use
if [ ! -e .venv ]; then
    for py in python3 python3.13 python3.12 python3.11; do
        "$py" -V 2>/dev/null | grep -q ' 3\.1[123]\.' && break
    done || fail 'there is no Python 3.11, 3.12 or 3.13 here: install one'
    "$py" -I -m venv .venv || fail "venv failed, see above; $remedy"
elif [ ! -s .venv/installed ]; then
    fail ".venv is unfinished (is another shell installing?); $remedy"
fi
say "installing into $PWD/.venv (a few minutes the first time)"
export PIP_USER=0 # even if you install with --user elsewhere
.venv/bin/python -m pip install -r requirements.txt -c constraints.txt "$@" &&
    printf '%s\n' "${1-} $files" >|.venv/installed && use
fail 'failed, see above (no network? Do it on a login node first)'
