# shellcheck shell=bash
# Sourced by .ci/run: the stages, and how one is run and counted.

failures=()
times=()

# stage <name> <command...>: runs it with its seconds; a failure is kept for the
# end, so that one run shows all that is wrong.
stage() {
  local name=$1 begin=$SECONDS status=0 log
  shift
  log=$(stage_log "$name")
  mkdir -p "${log%/*}"
  echo "=== $name"
  # Not before `||`, where bash switches `set -e` off for all that it calls.
  set +e
  (set -euo pipefail; "$@") 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  set -e
  times+=("$(printf '%5d s  %s' $((SECONDS - begin)) "$name")")
  if ((status)); then failures+=("$name"); fi
  echo "=== $name: $((SECONDS - begin)) s, exit code $status"
}

stage_log() {
  printf 'build/stages/%s.log' "${1// /_}"
}

# What a failed stage said, short: of each failed test what it printed around its
# last failure, or else the end; the end of everything when no test failed.
show_failure() {
  local log
  log=$(stage_log "$1")
  echo "--- $1 (all of it: $log)"
  awk -v most=40 '
    function flush_lines(  i, last) {
      # A program of many test cases says in the middle which one it was.
      for (i = 0; i < count; i++) if (lines[i] ~ /FAILED:/) last = i + most / 2
      if (!last || last > count) last = count
      for (i = (last > most ? last - most : 0); i < last; i++) print lines[i]
      count = 0
    }
    /^ *[0-9]+\/[0-9]+ Test +#/ {
      flush_lines()
      failed = /\*\*\*/
      if (failed) { print; any = 1 }
      next
    }
    /^ +Start +[0-9]+: / || /^[0-9]+% tests passed/ { flush_lines(); failed = 0 }
    failed { lines[count++] = $0 }
    END { flush_lines(); exit !any }
  ' "$log" | cut -c -400 || tail -n 40 "$log" | cut -c -400
}

# Where the time went: each build, and the five longest tests of all stages.
show_times() {
  printf '%s\n' "${times[@]}"
  grep -h '^Built ' build/stages/*.log || true
  echo "Longest tests:"
  grep -h -o 'Test *#.* sec' build/stages/*.log |
    sed -E 's/^Test *#[0-9]+: (.*[^.* ]) *[.*]+ *([A-Za-z]+) +([0-9.]+) sec$/\3 s  \1 \2/' |
    sort -rn | head -n 5 || true
}

summary() {
  local name
  for name in "${failures[@]}"; do show_failure "$name"; done
  echo
  show_times
  if ((${#failures[@]})); then
    echo "Failed: ${failures[*]}"
    exit 1
  fi
  echo "All stages passed."
}

# Our C and C++ files, with NUL between; works without git too.
our_sources() {
  find runtime modules plugins tools samples tests cmake \
    -name node_modules -prune -o -type f \
    \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.c' \) \
    -print0 2>/dev/null || true
}

check_format() {
  our_sources | xargs -0 -r clang-format-19 --dry-run -Werror
}

# Changed C++ sources, against what this branch left main at, or against the
# commit before; a changed header stands for the source beside it.
changed_sources() {
  local base=$1 file
  git diff --name-only --diff-filter=d "$base" -- '*.cpp' '*.hpp' |
    while IFS= read -r file; do
      file=${file%.hpp}
      file=${file%.cpp}.cpp
      [[ ! -e $file ]] || printf '%s\n' "$file"
    done | sort -u
}

# Its own build tree, for clang: no precompiled header made by gcc.
configure_clang() {
  cmake --preset dev -B build/tidy -DCMAKE_CXX_COMPILER=clang++-19 \
    -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCOMMY_DASHBOARD=OFF \
    >build/tidy.log || { tail -n 20 build/tidy.log; return 1; }
}

# What clang builds reads and writes the segments that gcc built.
check_clang() {
  configure_clang
  ninja -C build/tidy golden_test >build/tidy.log ||
    { tail -n 40 build/tidy.log; return 1; }
  build/tidy/tests/unit/containers/golden_test
}

# shellcheck disable=SC2154  # .ci/run sets root.
check_tidy() {
  local base files
  base=$(git merge-base HEAD origin/main 2>/dev/null) || base=
  if [[ -z $base || $base == "$(git rev-parse HEAD 2>/dev/null)" ]]; then
    base=$(git rev-parse -q --verify 'HEAD~1' 2>/dev/null) || base=
  fi
  if [[ -z $base ]]; then
    echo "There is no earlier commit to compare with; nothing to tidy."
    return
  fi
  configure_clang
  files=$(changed_sources "$base" |
    grep -F -x -f <(sed -n "s|^ *\"file\": \"$root/\(.*\)\".*|\1|p" \
      build/tidy/compile_commands.json)) || true
  if [[ -z $files ]]; then
    echo "No source changed since $base."
    return
  fi
  echo "$files" | wc -l | sed 's/$/ sources changed/'
  xargs -r -n 4 -P "$(nproc)" clang-tidy-19 -p build/tidy --quiet \
    <<<"$files" 2>/dev/null
}

check_asan() {
  local status=0
  setup/build asan
  # What reads the tree, drives a browser or builds a package says nothing new.
  asan_tests detect_stack_use_after_return=1 \
    -LE '^(layers|browser|package|crash)$' || status=$?
  # Stepped through, instruction by instruction: stacks on the heap would be a
  # quarter of them.
  asan_tests detect_stack_use_after_return=0 -L '^crash$' || status=$?
  return "$status"
}

# asan_tests <option> <ctest argument>...
asan_tests() {
  local option=$1
  shift
  ASAN_OPTIONS=abort_on_error=1:$option UBSAN_OPTIONS=print_stacktrace=1 \
    ctest --preset asan -j "$(nproc)" --timeout 900 "$@"
}

# The words to put before a command whose addresses must not be random. None
# where that may not be switched off; there it has to be low already.
without_randomization() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    printf '%s\n' setarch "$(uname -m)" -R
  fi
}

check_tsan() {
  local area folders=() wrapper
  for area in {unit,process}/{memory,containers,message,actor}; do
    [[ ! -e tests/$area/CMakeLists.txt ]] || folders+=("tests/$area")
  done
  if ((${#folders[@]} == 0)); then
    echo "Nothing to build yet."
    return
  fi
  setup/build tsan "${folders[@]/%//all}"
  # gcc 12's runtime cannot live with the address randomization of newer
  # kernels.
  mapfile -t wrapper < <(without_randomization)
  for area in "${folders[@]}"; do
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
      "${wrapper[@]}" ctest --test-dir "build/tsan/$area" \
      -j "$(nproc)" --timeout 900 --output-on-failure --no-tests=error
  done
}

check_windows() {
  if ! compgen -G 'runtime/commy/platform/windows/*.cpp' >/dev/null; then
    echo "Nothing to build yet."
    return
  fi
  local wrapper
  setup/build windows
  # Wine's loader needs one page at a fixed address, and newer kernels put the
  # heap there in one of ten thousand starts: "Internal error" says Windows'
  # side of it, "failed to map the shared user data" Wine's.
  mapfile -t wrapper < <(without_randomization)
  "${wrapper[@]}" ctest --preset windows --timeout 900
}
