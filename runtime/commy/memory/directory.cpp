#include <commy/memory/directory.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/optimistic.hpp>
#include <commy/memory/trash.hpp>
#include <commy/memory/type_text.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

constexpr std::uint64_t type_line_max = 16U << 10U;

engine::clock::time_point deadline_of(const engine& owner) {
  return engine::clock::now() + owner.patience();
}

bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 &&
         std::ranges::none_of(name, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

/// A type line: its size, then its bytes.
offset store_line(transaction& txn, std::string_view line) {
  const auto at = txn.take(8 + align_up(line.size(), 8));
  txn.img().word(at).store(line.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < line.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, line.data() + i,
                std::min<std::size_t>(8, line.size() - i));
    txn.img().word(at + 8 + i).store(word, std::memory_order_relaxed);
  }
  return at;
}

/// An entry's place is input like every offset from shared bytes.
bool sound(const image& img, const object_place& place) {
  return is_root(img, place.root);
}

result<offset, open_error> directory_root(const engine& owner) {
  const auto at = owner.img().header().directory;
  if (!sound(owner.img(), {at, 0})) {
    return unexpected{open_error::damaged, "directory"};
  }
  return at;
}

unexpected<open_error> refuse(const failure<read_error>& why,
                              std::string_view name) {
  switch (why.code()) {
    case read_error::absent:
      return {open_error::not_found, name};
    case read_error::busy:
      return {open_error::busy, name};
    case read_error::writer_dead:
      return {open_error::busy, std::string{name} + ": " + why.message()};
    case read_error::detached:
      return {open_error::refused, std::string{name} + ": " + why.message()};
    default:
      return {open_error::damaged, name};
  }
}

}  // namespace

std::string load_line(const image& img, const root& object) {
  const auto at = object.type.load(std::memory_order_relaxed);
  if (at % 8 != 0 || !img.holds(at, 8)) return {};
  const auto size = img.word(at).load(std::memory_order_relaxed);
  if (size > type_line_max || !img.holds(at + 8, align_up(size, 8))) return {};
  std::string line(size, '\0');
  for (std::uint64_t i = 0; i < size; i += 8) {
    const auto word = img.word(at + 8 + i).load(std::memory_order_relaxed);
    std::memcpy(line.data() + i, &word, std::min<std::uint64_t>(8, size - i));
  }
  return line;
}

unexpected<open_error> open_failure(const failure<write_error>& why,
                                    std::string_view name) {
  auto code = open_error::refused;
  switch (why.code()) {
    case write_error::lock_timeout:
    case write_error::guard_timeout:
      code = open_error::busy;
      break;
    case write_error::out_of_space:
    case write_error::disk_full:
      code = open_error::no_space;
      break;
    case write_error::read_only:
      code = open_error::read_only;
      break;
    case write_error::damaged:
      code = open_error::damaged;
      break;
    default:
      break;
  }
  return {code, std::string{name} + ": " + why.message()};
}

void make_directory(engine& owner) {
  const lane_scope lane{owner, owner.patience()};
  transaction txn{owner, owner.my_lane()};
  txn.begin();
  try {
    const auto at = take_root(txn).root;
    auto& object = owner.img().root_at(at);
    object.shape[2].store(platform::random_u64(), std::memory_order_relaxed);
    object.type.store(store_line(txn, "directory"), std::memory_order_relaxed);
    owner.img().header().directory = at;
  } catch (...) {
    txn.abort();
    throw;
  }
  txn.commit();
}

result<object_entry, open_error> inspect_object(engine& owner,
                                                std::string_view name) {
  if (!valid_name(name)) return unexpected{open_error::bad_name, name};
  const auto at = directory_root(owner);
  if (!at) return unexpected{at.error()};
  const auto& img = owner.img();
  const directory_table table{img, *at, {}};
  const auto generation =
      img.root_at(*at).generation.load(std::memory_order_relaxed);
  object_entry entry{std::string{name}, {}, {}};
  const auto outcome = settle_read(owner, *at, deadline_of(owner), [&] {
    return table.find(generation, {0, name}, [&](const std::uint64_t* words) {
      entry.place = {words[2], words[3]};
      if (!sound(img, entry.place)) return false;
      entry.type = load_line(img, img.root_at(entry.place.root));
      return !entry.type.empty();
    });
  });
  if (!outcome) return refuse(outcome.error(), name);
  return entry;
}

result<object_place, open_error> find_object(engine& owner,
                                             std::string_view name,
                                             std::string_view type) {
  const auto entry = inspect_object(owner, name);
  if (!entry) return unexpected{entry.error()};
  if (entry->type != type) {
    return unexpected{
        open_error::type_mismatch,
        std::string{name} + ": " + type_difference(type, entry->type)};
  }
  return entry->place;
}

result<object_place, open_error> find_object(const engine& owner,
                                             object_reference reference,
                                             std::string_view type) {
  if (!owner.usable()) return unexpected{open_error::refused, "detached"};
  const auto& img = owner.img();
  if (reference.segment() != segment_number(img)) {
    return unexpected{open_error::not_found,
                      "a reference into another segment, or to nothing"};
  }
  const object_place place{reference.root(), reference.generation()};
  const auto block = find_block(img, place.root, block_kind::root);
  const auto lives = [&] {
    // acquire: what the root says is at least of this life.
    const block_word word{img.word(block.word).load(std::memory_order_acquire)};
    return word == block_word::make(block_state::live, 0, place.generation) &&
           img.root_at(place.root).generation.load(std::memory_order_relaxed) ==
               place.generation;
  };
  if (!block || !sound(img, place) || !lives()) {
    return unexpected{open_error::not_found,
                      "the object of a reference, which was removed"};
  }
  const auto found = load_line(img, img.root_at(place.root));
  // The line was this life's if that goes on behind it.
  fence::acquire();
  if (!lives()) {
    return unexpected{open_error::not_found,
                      "the object of a reference, which was removed"};
  }
  // What is nested in another object has no line of its own.
  if (found.empty()) {
    return unexpected{open_error::not_found,
                      "the reference names no object of its own"};
  }
  if (found != type) {
    return unexpected{open_error::type_mismatch,
                      "a reference: " + type_difference(type, found)};
  }
  return place;
}

result<object_place, open_error> create_object(engine& owner,
                                               std::string_view name,
                                               std::string_view type,
                                               const initialiser& initialise,
                                               bool exclusive) {
  if (auto there = find_object(owner, name, type);
      there || there.error() != open_error::not_found) {
    if (there && exclusive) return unexpected{open_error::exists, name};
    return there;
  }
  const auto at = directory_root(owner);
  if (!at) return unexpected{at.error()};
  // Whoever died over its own left it to us; a few hundred blocks at most.
  static_cast<void>(empty_trash(owner, directory_place(owner), 1));
  const auto generation =
      owner.img().root_at(*at).generation.load(std::memory_order_relaxed);
  const auto made = owner.write(
      *at, generation, owner.patience(), [&](transaction& txn) -> object_place {
        auto& img = txn.img();
        directory_table table{img, *at, {}};
        if (table.locate({0, name}).group != 0) return {};
        const auto place = take_root(txn);
        auto& object = img.root_at(place.root);
        object.type.store(store_line(txn, type), std::memory_order_relaxed);
        initialise(txn, object);
        const auto cell = make_text(txn, name);
        const std::uint64_t words[4] = {cell.words[0], cell.words[1],
                                        place.root, place.generation};
        table.insert(txn, {0, name}, words);
        return place;
      });
  if (!made) return open_failure(made.error(), name);
  if (made->root != 0) return *made;
  // Somebody else was quicker between our look and the lock.
  if (exclusive) return unexpected{open_error::exists, name};
  return find_object(owner, name, type);
}

result<std::vector<object_entry>, open_error> list_objects(engine& owner) {
  const auto at = directory_root(owner);
  if (!at) return unexpected{at.error()};
  const auto& img = owner.img();
  const directory_table table{img, *at, {}};
  std::vector<object_entry> found;
  // The directory changes seldom, so one look at all of it under its object
  // sequence succeeds at once.
  const auto outcome = settle_read(owner, *at, deadline_of(owner), [&] {
    found.clear();
    return under_sequence(img.root_at(*at), [&] {
      table.for_each([&](const std::uint64_t* words) {
        const text_cell cell{{words[0], words[1]}};
        object_entry entry{{}, {words[2], words[3]}, {}};
        if (!cell.sound(img) || !sound(img, entry.place)) return true;
        copy_text(img, cell, entry.name);
        entry.type = load_line(img, img.root_at(entry.place.root));
        found.push_back(std::move(entry));
        return found.size() < 1U << 20U;
      });
      return lookup::found;
    });
  });
  if (!outcome) return unexpected{open_error::busy, "directory"};
  return found;
}

}  // namespace commy::memory
