// commy/memory/loan.hpp: blocks of a segment that one owner writes or reads.
#pragma once

#include <commy/memory/classes.hpp>
#include <commy/memory/loan_error.hpp>
#include <commy/memory/loan_handle.hpp>
#include <commy/memory/loan_words.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/segment.hpp>
#include <commy/memory/type_text.hpp>

#include <gsl/gsl>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace commy {

namespace memory {

/// Owns one loan block, whatever is in it, and gives it back at its end, also
/// in another thread. A process that dies loses its loans to the sweep.
/// Threads: one at a time.
class loan_block {
public:
  /// Lends `bytes`, of undefined content, aligned to 16 at least, and to a page
  /// above a quarter of one. `type` is what `adopt`ers compare. Cost: a store
  /// to the block's word when the thread has given back one of that size
  /// lately, else a compare-and-swap; every 64th of these a scan of a slab;
  /// rarely a new slab. Of a large one three loads more, and a scan of the
  /// descriptors in use when its lane has none at hand; only when all are in
  /// use the page lock, for one more run.
  static result<loan_block, loan_error> take(std::shared_ptr<engine> owner,
                                             std::uint64_t bytes,
                                             std::uint32_t type);
  /// Takes over a block that was sent to this participant and lies in its ring.
  /// Succeeds once for each time it was sent. Fails with wrong_segment, stale,
  /// damaged, detached. `known`: what find_block() says of some block, perhaps
  /// of this one; a slab's blocks never move.
  static result<loan_block, loan_error> adopt(
      std::shared_ptr<engine> owner, loan_handle handle,
      const block_place& known = {}) noexcept;

  loan_block() noexcept = default;
  loan_block(loan_block&& other) noexcept
      : owner_{std::move(other.owner_)},
        place_{other.place_},
        content_{other.content_},
        generation_{other.generation_},
        bytes_{other.bytes_},
        type_{other.type_},
        kept_{other.kept_} {}
  loan_block& operator=(loan_block&& other) noexcept {
    loan_block{std::move(other)}.swap(*this);
    return *this;
  }
  ~loan_block() {
    if (owner_ != nullptr) give_back();
  }

  /// False also for one that a transaction keeps, unless that was undone.
  [[nodiscard]] explicit operator bool() const noexcept {
    return owner_ != nullptr && (!kept_ || is_back());
  }
  /// Requires: not empty, as all that follow.
  [[nodiscard]] std::byte* data() const noexcept {
    return owner_->img().bytes(content_);
  }
  /// What was asked for, or less if somebody has overwritten the note of it.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint32_t type() const noexcept { return type_; }
  [[nodiscard]] loan_handle handle() const noexcept {
    return loan_handle::make(segment_number(owner_->img()), place_.block,
                             generation_);
  }
  [[nodiscard]] const std::shared_ptr<engine>& owner() const noexcept {
    return owner_;
  }

  /// Ends the loan now. Nothing when it is empty.
  void give_back() noexcept;

  /// The name the block will have in the ring or topic it is handed to.
  [[nodiscard]] loan_handle next_handle() const noexcept {
    return loan_handle::make(segment_number(owner_->img()), place_.block,
                             generation_ + 1);
  }
  /// Is the block this participant's, as it should be? A look at its word.
  [[nodiscard]] bool is_sound() const noexcept {
    // relaxed: nobody but this object changes the word.
    return owner_->usable() && (!kept_ || is_back()) &&
           owner_->img().word(place_.word).load(std::memory_order_relaxed) ==
               owned_by(owner_->slot(), generation_).raw;
  }
  /// Hands the block over to a ring; this object stays responsible until
  /// `forget`. A store, see loan_words.hpp. False, with nothing done, when the
  /// word is not as it should be.
  [[nodiscard]] bool hand_over(slot_index reader) const noexcept {
    const auto& img = owner_->img();
    note_owner(img, place_.word >> img.page_shift(), reader);
    return step_own_loan(img, place_, owned_by(owner_->slot(), generation_),
                         in_ring_of(reader, generation_ + 1));
  }
  /// Hands the block to a topic, for all of its subscribers, held by none yet.
  /// Otherwise as `hand_over`; not undone.
  [[nodiscard]] bool publish(std::uint32_t topic) const noexcept;
  /// Undoes `hand_over`, as long as nobody else has taken or freed the block;
  /// else this object becomes empty and the answer is false. The handle is
  /// another one afterwards.
  bool take_back(slot_index reader) noexcept;
  /// The block is somebody else's now.
  void forget() noexcept { owner_.reset(); }

private:
  friend class commy::transaction;

  [[nodiscard]] bool is_back() const noexcept;

  /// What it is lent for, here and at the block's end.
  void note(const image& img, std::uint64_t bytes, std::uint32_t type) noexcept;
  void swap(loan_block& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(place_, other.place_);
    std::swap(content_, other.content_);
    std::swap(generation_, other.generation_);
    std::swap(bytes_, other.bytes_);
    std::swap(type_, other.type_);
    std::swap(kept_, other.kept_);
  }

  std::shared_ptr<engine> owner_;
  block_place place_{};
  offset content_ = 0;  // In the block, or in its run; see loan_run.hpp.
  // Two steps on, should a transaction give back what it kept; only the word
  // says that.
  mutable std::uint64_t generation_ = 0;
  std::uint32_t bytes_ = 0;
  std::uint32_t type_ = 0;
  mutable bool kept_ = false;  // By a transaction, or it was.
};

/// The number by which a block remembers for what type it was lent: FNV-1a over
/// the type's line. Says whether two programs see a type alike; it is no proof
/// against a forger.
template <class T>
[[nodiscard]] std::uint32_t loan_type() {
  static const std::uint32_t number = [] {
    std::uint32_t hash = 0x811c'9dc5U;
    for (const char c : type_line<T>()) {
      hash ^= static_cast<unsigned char>(c);
      hash *= 0x0100'0193U;
    }
    return hash;
  }();
  return number;
}

}  // namespace memory

/// Elements in a block of a segment that this object alone owns: to be written
/// where they lie, and then handed to another actor or process without a copy,
/// as a field of a message or beside one. A receiver is its only owner in turn:
/// it may write, or say that it will not, by taking a `loan<const T>`. A loan
/// that is dropped goes back to the segment. The bytes of a received loan were
/// written by another process of the same trust domain: their values are to be
/// checked. Threads: one at a time. Invariant: the block's word says that this
/// participant owns it, and no other object of it does.
template <class T>
  requires memory::plain<std::remove_const_t<T>>
class loan {
  // Blocks are aligned as far as their size is, and at least so far.
  static_assert(alignof(T) <= 16);
  using element = std::remove_const_t<T>;

public:
  loan() noexcept = default;
  /// Requires: the block holds `element`s only.
  explicit loan(memory::loan_block block) noexcept : block_{std::move(block)} {}
  /// From one that may write to one that will not.
  template <class Writes>
    requires std::is_const_v<T> && std::is_same_v<Writes, element>
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
  loan(loan<Writes>&& other) noexcept
      : block_{std::move(std::move(other).block())} {}

  [[nodiscard]] explicit operator bool() const noexcept {
    return static_cast<bool>(block_);
  }
  /// Requires: not empty, as for all that follow.
  [[nodiscard]] T& operator*() const noexcept { return *data(); }
  [[nodiscard]] T* operator->() const noexcept { return data(); }
  [[nodiscard]] T& operator[](std::size_t index) const noexcept {
    Expects(index < size());
    return data()[index];
  }
  [[nodiscard]] std::span<T> span() const noexcept { return {data(), size()}; }
  [[nodiscard]] T* data() const noexcept {
    Expects(block_);
    return reinterpret_cast<T*>(block_.data());
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return block_.bytes() / sizeof(T);
  }
  /// The number to put into a message; see `remote_address::send`.
  [[nodiscard]] loan_handle handle() const noexcept { return block_.handle(); }
  [[nodiscard]] memory::loan_block& block() noexcept { return block_; }

private:
  memory::loan_block block_;
};

/// Lends `count` elements of `shared`, each one `T{}`. Fails with too_large
/// above a chunk less a page (64 MiB less 64 KiB) and otherwise when the
/// segment has no room; waits for no writer, but perhaps for the page lock when
/// it needs a run of pages more than ever before. What costs time in proportion
/// to the size is only to set the elements.
template <memory::plain T>
[[nodiscard]] result<loan<T>, loan_error> try_loan(const segment& shared,
                                                   std::size_t count = 1);
/// The same without setting the elements: they hold what was there before. The
/// way for frames of megabytes, which cost no more than a few bytes then.
template <memory::plain T>
[[nodiscard]] result<loan<T>, loan_error> try_loan_for_overwrite(
    const segment& shared, std::size_t count = 1) {
  // Never zero elements, and no overflow: both would make a block lie.
  if (count == 0 || count > (1U << 30U) / sizeof(T)) {
    return unexpected{loan_error::too_large};
  }
  auto block = memory::loan_block::take(shared.engine(), count * sizeof(T),
                                        memory::loan_type<T>());
  if (!block) return unexpected{block.error()};
  return loan<T>{std::move(*block)};
}

template <memory::plain T>
result<loan<T>, loan_error> try_loan(const segment& shared, std::size_t count) {
  auto made = try_loan_for_overwrite<T>(shared, count);
  if (made) {
    std::uninitialized_value_construct_n(made->data(), made->size());
  }
  return made;
}

namespace memory {

/// Takes over the loan that a received message names, for writing when T is not
/// const: its sender has given it away for good. Fails as `adopt_loan`.
template <class T>
[[nodiscard]] result<loan<T>, loan_error> adopt_as(
    std::shared_ptr<engine> owner, loan_handle handle,
    const block_place& known = {}) {
  using element = std::remove_const_t<T>;
  auto block = loan_block::adopt(std::move(owner), handle, known);
  if (!block) return unexpected{block.error()};
  if (block->type() != loan_type<element>() ||
      block->bytes() < sizeof(element)) {
    return unexpected{loan_error::wrong_type};
  }
  return loan<T>{std::move(*block)};
}

}  // namespace memory

/// Takes over the loan that a received message names. Succeeds once for each
/// time it was sent; fails with `stale` when the block was given back
/// meanwhile, and with `wrong_type`, giving it back, when it was lent for
/// another type.
template <memory::plain T>
[[nodiscard]] result<loan<const T>, loan_error> adopt_loan(
    std::shared_ptr<memory::engine> owner, loan_handle handle) {
  return memory::adopt_as<const T>(std::move(owner), handle);
}
template <memory::plain T>
[[nodiscard]] result<loan<const T>, loan_error> adopt_loan(
    const segment& shared, loan_handle handle) {
  return adopt_loan<T>(shared.engine(), handle);
}

}  // namespace commy
