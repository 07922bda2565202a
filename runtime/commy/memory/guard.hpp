// commy/memory/guard.hpp: keeps writers off an object while it is read.
#pragma once

#include <commy/memory/engine.hpp>

#include <memory>
#include <utility>

namespace commy::memory {

/// While it lives, nobody changes the object, so its bytes may be read where
/// they lie. Writers wait for it, at most until their deadline, and then name
/// its holder; so keep it short. New guards yield to a waiting writer.
///
/// Dies with its lane: the sweep of a dead participant drops its guards.
/// Belongs to the thread that made it. Cost: a store with a full fence, a look
/// at the lock word, at first use of the object a compare-and-swap on it.
class read_guard {
public:
  /// Waits for a writer at most until `deadline`. Inside a transaction that
  /// holds the object's lock it costs nothing, and beside another guard of this
  /// thread on the same object it waits for nobody; inside a transaction that
  /// does not hold it, or beside a guard on a later object, it only tries,
  /// since waiting there could deadlock. Fails with `busy`, `removed`,
  /// `writer_dead`, `detached`.
  static result<read_guard, read_error> hold(
      const std::shared_ptr<engine>& owner, offset root,
      std::uint64_t generation, engine::clock::time_point deadline);

  /// Looks at an object that somebody else keeps still for as long.
  static read_guard borrowed(const image& img, offset content) noexcept {
    read_guard made{nullptr, content, nullptr};
    made.img_ = &img;
    return made;
  }
  /// The same guard, looking at a container that lies in the guarded object.
  void look_at(offset content) noexcept { content_ = content; }

  read_guard(read_guard&& other) noexcept;
  /// Exchanges both, so that views which own a range of entries can be made.
  read_guard& operator=(read_guard&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(img_, other.img_);
    std::swap(content_, other.content_);
    std::swap(root_, other.root_);
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~read_guard();

  [[nodiscard]] const image& img() const noexcept { return *img_; }
  [[nodiscard]] const root& object() const noexcept {
    return img_->root_at(content_);
  }
  /// What is looked at; 0 for a nested container that makes no sense.
  [[nodiscard]] offset root_at() const noexcept { return content_; }

private:
  read_guard(std::shared_ptr<engine> owner, offset root,
             shared_u64* cell) noexcept
      : owner_{std::move(owner)},
        img_{owner_ == nullptr ? nullptr : &owner_->img()},
        root_{root},
        content_{root},
        cell_{cell} {}

  std::shared_ptr<engine> owner_;  // Null when the guard is somebody else's.
  const image* img_;
  offset root_;
  offset content_;
  shared_u64* cell_;  // Null when the own transaction's lock does the work.
};

}  // namespace commy::memory
