#include <commy/memory/text_cell.hpp>

#include <algorithm>
#include <cstring>

namespace commy::memory {

text_cell make_text(transaction& txn, std::string_view text) {
  text_cell cell;
  if (text.size() <= text_cell::inside_max) {
    // An empty view may have no address, which memcpy would not accept.
    text.copy(reinterpret_cast<char*>(cell.words.data()), text.size());
    cell.words[1] |= static_cast<std::uint64_t>(text.size()) << 56U;
    return cell;
  }
  if (text.size() > text_cell::bytes_max) {
    throw write_failed{
        {write_error::too_large, {{}, text_cell::bytes_max, text.size()}}};
  }
  const auto block = txn.take(align_up(text.size(), 8));
  for (std::size_t i = 0; i < text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i,
                std::min<std::size_t>(8, text.size() - i));
    // relaxed: nobody can see the block before its unit turns even.
    txn.img().word(block + i).store(word, std::memory_order_relaxed);
  }
  cell.words[0] = block;
  cell.words[1] =
      text.size() | static_cast<std::uint64_t>(text_cell::outside_mark) << 56U;
  return cell;
}

void drop_text(transaction& txn, const text_cell& cell) {
  if (cell.outside()) txn.drop(cell.block());
}

void copy_text(const image& img, const text_cell& cell, std::string& into) {
  const auto size = cell.size();
  into.resize(size);
  if (!cell.outside()) {
    std::memcpy(into.data(), cell.words.data(), size);
    return;
  }
  for (std::uint64_t i = 0; i < size; i += 8) {
    // relaxed: validated by the caller, behind its acquire fence.
    const auto word =
        img.word(cell.block() + i).load(std::memory_order_relaxed);
    std::memcpy(into.data() + i, &word, std::min<std::uint64_t>(8, size - i));
  }
}

bool equals_text(const image& img, const text_cell& cell,
                 std::string_view text) noexcept {
  if (cell.size() != text.size()) return false;
  if (!cell.outside()) {
    return view_text(img, cell) == text;
  }
  for (std::size_t i = 0; i < text.size(); i += 8) {
    const auto word =
        img.word(cell.block() + i).load(std::memory_order_relaxed);
    std::uint64_t other = 0;
    const auto count = std::min<std::size_t>(8, text.size() - i);
    std::memcpy(&other, text.data() + i, count);
    const auto mask =
        count == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
    if (((word ^ other) & mask) != 0) return false;
  }
  return true;
}

int compare_text(const image& img, const text_cell& cell,
                 std::string_view text) noexcept {
  if (!cell.outside()) return view_text(img, cell).compare(text);
  const auto common = std::min<std::uint64_t>(cell.size(), text.size());
  for (std::uint64_t i = 0; i < common; i += 8) {
    // relaxed: as in copy_text().
    const auto word =
        img.word(cell.block() + i).load(std::memory_order_relaxed);
    const auto order = std::memcmp(&word, text.data() + i,
                                   std::min<std::size_t>(8, common - i));
    if (order != 0) return order;
  }
  return cell.size() < text.size() ? -1 : cell.size() > text.size() ? 1 : 0;
}

std::string_view view_text(const image& img, const text_cell& cell) noexcept {
  const auto* const from =
      cell.outside() ? reinterpret_cast<const char*>(img.bytes(cell.block()))
                     : reinterpret_cast<const char*>(cell.words.data());
  return {from, cell.size()};
}

}  // namespace commy::memory
