#include "store_filter.hpp"

namespace commy::test {
namespace {

/// The byte behind the opcode: what an instruction works on.
struct operand {
  std::uint8_t byte;
  std::uint8_t scale;  // The byte behind it, if it says so.
  bool extended_base;

  [[nodiscard]] unsigned reg() const noexcept { return (byte >> 3U) & 7U; }
  /// A place in memory that may be shared: neither a register nor relative to
  /// the stack pointer.
  [[nodiscard]] bool is_memory() const noexcept {
    if (byte >= 0xC0) return false;
    const bool scaled = (byte & 7U) == 4;
    return !(scaled && (scale & 7U) == 4 && !extended_base);
  }
};

/// Opcodes behind 0F that only load, compare or jump.
bool only_reads_of_two_bytes(std::uint8_t op) noexcept {
  return (op >= 0x80 && op <= 0x8F) || (op >= 0x40 && op <= 0x4F) ||
         op == 0xB6 || op == 0xB7 || op == 0xBE || op == 0xBF || op == 0xAF ||
         op == 0xBC || op == 0xBD || op == 0x1E || op == 0x1F || op == 0x10 ||
         op == 0x28 || op == 0x6F || op == 0x2E || op == 0x2F || op == 0x57 ||
         op == 0xEF || op == 0x31;
}

bool may_store_of_one_byte(std::uint8_t op, const operand& at) noexcept {
  // Arithmetic: to memory or register, to register, to the accumulator; of the
  // last kind, comparisons keep nothing.
  if (op < 0x40) {
    const unsigned form = op & 7U;
    if (form > 5) return true;
    return form < 2 && op < 0x38 && at.is_memory();
  }
  if (op >= 0x50 && op <= 0x5F) return false;  // push, pop
  if (op >= 0x70 && op <= 0x7F) return false;  // jumps
  if (op >= 0xB0 && op <= 0xBF) return false;  // constants
  switch (op) {
    case 0x63:  // movsxd
    case 0x68:  // push
    case 0x6A:
    case 0x69:  // imul
    case 0x6B:
    case 0x84:  // test
    case 0x85:
    case 0x8A:  // loads
    case 0x8B:
    case 0x8D:  // lea
    case 0x90:  // nop
    case 0x98:  // widen
    case 0x99:
    case 0xA8:  // test
    case 0xA9:
    case 0xC2:  // ret, leave, call, jmp
    case 0xC3:
    case 0xC9:
    case 0xE8:
    case 0xE9:
    case 0xEB:
      return false;
    case 0x80:  // Arithmetic with a constant; 7 compares.
    case 0x81:
    case 0x83:
      return at.reg() != 7 && at.is_memory();
    case 0x86:  // xchg, mov, shifts
    case 0x87:
    case 0x88:
    case 0x89:
    case 0xC0:
    case 0xC1:
    case 0xC6:
    case 0xC7:
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3:
      return at.is_memory();
    case 0xF6:  // 2 and 3 are not and neg, the others keep to registers.
    case 0xF7:
      return (at.reg() == 2 || at.reg() == 3) && at.is_memory();
    case 0xFE:  // 0 and 1 are inc and dec, the others jump and push.
    case 0xFF:
      return at.reg() < 2 && at.is_memory();
    default:
      return true;
  }
}

}  // namespace

bool may_store(
    std::span<const std::uint8_t, longest_instruction + 1> code) noexcept {
#ifdef __x86_64__
  std::size_t i = 0;
  for (; i < 12; ++i) {
    const auto b = code[i];
    const bool prefix = b == 0x66 || b == 0xF2 || b == 0xF3 || b == 0x2E ||
                        b == 0x3E || b == 0x64 || b == 0x65;
    if (!prefix) break;
  }
  std::uint8_t rex = 0;
  if ((code[i] & 0xF0U) == 0x40) rex = code[i++];
  if (i > 12) return true;
  if (code[i] == 0x0F) return !only_reads_of_two_bytes(code[i + 1]);
  return may_store_of_one_byte(code[i],
                               {code[i + 1], code[i + 2], (rex & 1U) != 0});
#else
  static_cast<void>(code);
  return true;
#endif
}

}  // namespace commy::test
