# shellcheck shell=bash
# Sourced by the scripts of this folder: reads the machine's own apt sources,
# so that what Commy adds comes from the same mirror, signed by the same key.

# apt_entry_of <release>: where apt's lists name that release's component main,
# as "file:number"; nothing when no list does.
# shellcheck disable=SC2016  # apt, not the shell, expands these words.
apt_entry_of() {
  apt-get indextargets \
    --format '$(RELEASE) $(COMPONENT) $(SOURCESENTRY) $(REPO_URI)' \
    'Created-By: Packages' 2>/dev/null |
    awk -v release="$1" \
      '$1 == release && $2 == "main" && $4 !~ /^cdrom:/ { print $3; exit }'
}

# apt_copy_entry <file:number> <type> <suite>: that entry for another type or
# suite, component main only, with all its other options. The number counts
# lines in a one-line list and paragraphs in a deb822 one.
apt_copy_entry() {
  local file=${1%:*} number=${1##*:}
  if [[ $file == *.sources ]]; then
    sed '/^#/d' "$file" |
      awk -v RS= -v number="$number" 'NR == number' |
      sed -e "s|^Types:.*|Types: $2|I" -e "s|^Suites:.*|Suites: $3|I" \
        -e "s|^Components:.*|Components: main|I"
  else
    # deb [options] uri suite component...; options may hold blanks.
    sed -n "${number}p" "$file" |
      sed -E "s#^[[:blank:]]*deb[[:blank:]]+(\[[^]]*\][[:blank:]]+)?([^[:blank:]]+).*#$2 \1\2 $3 main#"
  fi
}
