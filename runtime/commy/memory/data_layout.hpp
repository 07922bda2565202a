// commy/memory/data_layout.hpp: the shared bytes that readers need.
#pragma once

#include <commy/memory/geometry.hpp>
#include <commy/memory/words.hpp>

#include <array>
#include <atomic>
#include <cstdint>

namespace commy::memory {

inline constexpr std::uint64_t data_magic =
    0x3141'7461'646d'6d63;  // "cmmdatA1"
inline constexpr std::uint64_t control_magic = 0x3143'6c74'636d'6d63;
/// Changes with every change of a shared byte, hash or order.
inline constexpr std::uint32_t layout_version = 7;

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

using shared_u64 = std::atomic<std::uint64_t>;
using shared_u32 = std::atomic<std::uint32_t>;

/// First bytes of the data file. Written once before the segment gets its
/// name, except for the atomics.
struct data_header {
  std::uint64_t magic;
  std::uint32_t layout;
  std::uint32_t abi;               // Pointer width, endianness: see `abi_mark`.
  std::array<shared_u64, 2> boot;  // When it was last opened for writing.
  std::uint64_t nonce;  // Of this creation; the control file has the same.
  geometry sizes;
  // Bytes of the file that exist and hold no hole. Grows only.
  alignas(64) shared_u64 committed;
  // 0, or why writing is refused: see `poison`.
  shared_u64 poisoned;
  offset directory;  // Root of object 0.
  // Not 0: no writer has the segment open, nothing is half done in it, and all
  // of it is in its storage. See `file_backing`.
  shared_u64 clean;
};
static_assert(sizeof(data_header) <= 512);

/// Little endian, 64-bit pointers; anything else prints differently.
inline constexpr std::uint32_t abi_mark =
    sizeof(void*) == 8 ? 0x0108'0001U : 0x0104'0001U;

/// Where a chunk's page words begin, from the chunk's base. As many owners
/// words follow, see page_owners.hpp.
inline constexpr std::uint64_t page_words_at = 1024;

/// Why a segment refuses writes.
enum class poison : std::uint64_t {
  none = 0,
  bad_journal = 1,  // A dead lane's journal made no sense.
};

/// A slab's first cache line; its block words follow, then its blocks.
struct slab_header {
  // A hint, never the truth: somebody freed a block since the last scan.
  shared_u32 dirty;
  std::array<std::uint32_t, 15> unused;
};
static_assert(sizeof(slab_header) == 64);

/// A root object: the fixed place that a name leads to. Two cache lines, so
/// that lookups (shape) do not share a line with what every transaction writes
/// (motion). What the words mean is each container's affair.
struct root {
  // Shape: one unit under `shape_sequence`.
  shared_u64 shape_sequence;
  shared_u64 generation;  // Of the root's block while the object exists.
  shared_u64 type;        // Offset of the type descriptor's block.
  std::array<shared_u64, 5> shape;
  // Motion.
  shared_u64 lock;      // lock_word
  shared_u64 sequence;  // Odd while a transaction is writing the object.
  std::array<shared_u64, 6> motion;
};
static_assert(sizeof(root) == 128);

}  // namespace commy::memory
