#!/usr/bin/env bash
# Builds the eBPF objects and writes them with a manifest of what they were built from.
#
#   ebpf/build.sh              into ebpf/prebuilt (checked in)
#   ebpf/build.sh --out DIR    into DIR
#   ebpf/build.sh --check      is ebpf/prebuilt built from these sources, and are the objects those of the manifest? Needs no
#                              eBPF toolchain. (--out DIR --check: the same of DIR)
#
# Debian's rustc-web brings a compiled core for the BPF target, so a stable compiler is enough (`RUSTC_BOOTSTRAP` only lets
# aya-ebpf use inline assembly). Without it: rustup's nightly with rust-src, which compiles core itself.
set -euo pipefail
ebpf=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out="$ebpf/prebuilt"
objects=(msee ergw selftest)
check=

# The sources in a fixed order, each with its name: moving code between files changes the hash as well.
sources_hash() {
  cd "$ebpf"
  { find abi/src programs/src -name '*.rs' ! -path '*/tests.rs' ! -path '*/tests/*' -print
    printf '%s\n' abi/Cargo.toml programs/Cargo.toml programs/Cargo.lock build.sh
  } | LC_ALL=C sort | while read -r file; do printf '%s  %s\n' "$(sha256sum <"$file" | cut -d' ' -f1)" "$file"; done |
    sha256sum | cut -d' ' -f1
}

# A line of the manifest for each object in $out.
objects_hashes() {
  for object in "${objects[@]}"; do
    printf 'sha256 %s %s\n' "$object.bpf.o" "$(sha256sum <"$out/$object.bpf.o" | cut -d' ' -f1)"
  done
}

while [ $# -gt 0 ]; do
  case $1 in
    --out) mkdir -p "$2" && out=$(cd "$2" && pwd) && shift 2 ;;
    --check) check=yes && shift ;;
    *) echo "usage: ebpf/build.sh [--out DIR | --check]" >&2 && exit 2 ;;
  esac
done

if [ -n "$check" ]; then
  if [ "$(sed -n 's/^sources //p' "$out/MANIFEST")" != "$(sources_hash)" ]; then
    echo "$out is stale: run make ebpf and commit the result" >&2
    exit 1
  fi
  if [ "$(grep '^sha256 ' "$out/MANIFEST")" != "$(objects_hashes)" ]; then
    echo "$out holds other objects than its manifest names: run make ebpf and commit the result" >&2
    exit 1
  fi
  echo "$out is built from these sources"
  exit 0
fi

target=bpfel-unknown-none
cargo=${CARGO:-"$ebpf/../.ci/cargo"}
# Where `make ebpf-toolchain` puts bpf-linker.
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
build=(build --release --locked --quiet --target "$target" --bins --manifest-path "$ebpf/programs/Cargo.toml")
if [ -d "/usr/lib/rustlib/$target" ]; then
  export RUSTC=${RUSTC:-/usr/bin/rustc} RUSTC_BOOTSTRAP=1
else
  export RUSTC=${RUSTC:-$(rustup which --toolchain nightly rustc)}
  cargo=$(rustup which --toolchain nightly cargo)
  build+=(-Z build-std=core)
fi
command -v bpf-linker >/dev/null || { echo "bpf-linker is missing: make ebpf-toolchain" >&2; exit 1; }

strip=$(command -v llvm-strip-22 || command -v llvm-strip) || { echo "llvm-strip is missing: install llvm" >&2; exit 1; }

# Paths are remapped, or the same sources would give other bytes in another directory.
unset CARGO_ENCODED_RUSTFLAGS
export RUSTFLAGS="-C debuginfo=2 -C link-arg=--btf \
  --remap-path-prefix=$ebpf=/ebpf --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
export CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER=bpf-linker
export CARGO_TARGET_DIR=${ERLAB_EBPF_TARGET_DIR:-$ebpf/programs/target}
"$cargo" "${build[@]}"

mkdir -p "$out"
for object in "${objects[@]}"; do
  # BTF stays: the kernel shows source lines in a verifier log. DWARF is five sixths of the object and nobody's use.
  "$strip" --strip-debug -o "$out/$object.bpf.o" "$CARGO_TARGET_DIR/$target/release/$object"
  chmod 0644 "$out/$object.bpf.o"
done
cat >"$out/MANIFEST" <<MANIFEST
sources $(sources_hash)
$(objects_hashes)
rustc $("$RUSTC" --version | cut -d' ' -f2-)
bpf-linker $(bpf-linker --version | cut -d' ' -f2-)
MANIFEST
ls -l "$out"
