// commy/memory/segment.hpp: a named shared region and the objects in it.
#pragma once

#include <commy/base/units.hpp>
#include <commy/memory/bare_block.hpp>
#include <commy/memory/directory.hpp>
#include <commy/memory/fsck.hpp>
#include <commy/memory/object_removal.hpp>
#include <commy/memory/segment_error.hpp>
#include <commy/memory/segment_files.hpp>
#include <commy/memory/statistics.hpp>
#include <commy/memory/trash.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace commy {

/// How a segment is made or opened.
struct segment_options {
  /// Address space to reserve, a multiple of 64 MiB, at most 1 TiB. Memory is
  /// taken as it is needed. Matters to the creator only.
  std::uint64_t capacity = 1ULL << 30U;
  /// The folder that holds segments; empty: `$COMMY_DIRECTORY`, else
  /// `/dev/shm/commy-<uid>`.
  std::string folder{};
  /// What this process calls itself, for people; empty: its program's name.
  std::string participant{};
  /// How long finding, creating and removing objects waits for others who do,
  /// and opening for a last writer who brings the segment to its disk.
  std::chrono::nanoseconds patience = memory::engine::default_deadline;
  /// All sizes, for tests and unusual needs; then `capacity` is ignored.
  const memory::geometry* sizes = nullptr;
};

namespace memory {
/// Where a segment's files lie; `bad_name` for what is no name.
[[nodiscard]] result<std::string, segment_error> segment_folder(
    std::string_view name, const segment_options& options);
}  // namespace memory

/// One attached process, as the others see it.
struct participant_info {
  memory::slot_index slot = 0;
  std::uint64_t generation = 0;
  std::uint32_t pid = 0;
  std::string name{};
  bool alive = false;              // By the kernel's word.
  std::uint64_t heartbeat_ns = 0;  // Last beat, boot clock; 0: none yet.
};

/// A process's attachment to a named shared segment. Copies share it; it ends
/// with the last copy and the last container handle. The segment itself stays
/// until `remove`.
///
/// Names have up to four parts ("tenant/service"), see `segment_error`.
/// Threads: any. After `fork` the child has no attachment.
class segment {
public:
  /// Opens the segment, or creates it when there is none; of several who create
  /// at once one wins and the others open what it made.
  static result<segment, segment_error> open_or_create(
      std::string_view name, const segment_options& options = {});
  static result<segment, segment_error> open(
      std::string_view name, const segment_options& options = {});
  static result<segment, segment_error> create(
      std::string_view name, const segment_options& options = {});
  /// For reading alone, through a mapping that cannot be written.
  static result<segment, segment_error> open_read_only(
      std::string_view name, const segment_options& options = {});
  /// Creates a segment that has no name and lies in memory: it goes with the
  /// last process that has it, and only who is given its `files` can get in.
  /// Windows: `unsupported`.
  static result<segment, segment_error> create_anonymous(
      const segment_options& options = {});
  /// Opens a segment by the files that another process handed over; they stay
  /// the caller's, to be closed as it likes. Refuses files that somebody could
  /// make shorter. Everything else in them is checked as in a named segment.
  static result<segment, segment_error> adopt(
      const segment_files& files, const segment_options& options = {});
  /// The same for reading alone; descriptors opened for reading are enough.
  static result<segment, segment_error> adopt_read_only(
      const segment_files& files, const segment_options& options = {});
  /// Removes a segment that nobody has open.
  static result<void, segment_error> remove(
      std::string_view name, const segment_options& options = {});
  /// Checks, or repairs, a segment that nobody has open (else `in_use`); nobody
  /// can open it meanwhile. See `fsck`. Also for one that is `stale`: repaired
  /// without a finding left, it may be opened again.
  static result<fsck_report, segment_error> check(
      std::string_view name, fsck_mode mode = fsck_mode::check,
      const segment_options& options = {});
  /// Gives the free pages behind the last one in use back to the system, of a
  /// segment that nobody has open (else `in_use`). Returns how many bytes.
  static result<std::uint64_t, segment_error> shrink(
      std::string_view name, const segment_options& options = {});
  /// Names of all segments in the folder, and below `within` if given.
  static result<std::vector<std::string>, segment_error> list(
      const segment_options& options = {});

  /// Opens or creates an object of container type `Container`; `initial` goes
  /// to its initialiser. A type mismatch says what differs.
  template <class Container, class... Initial>
  result<Container, open_error> open_or_create(std::string_view name,
                                               Initial&&... initial) {
    return make<Container>(name, false, std::forward<Initial>(initial)...);
  }
  template <class Container, class... Initial>
  result<Container, open_error> create(std::string_view name,
                                       Initial&&... initial) {
    return make<Container>(name, true, std::forward<Initial>(initial)...);
  }
  template <class Container>
  result<Container, open_error> open(std::string_view name) const {
    auto place =
        memory::find_object(*engine_, name, Container::type_descriptor());
    if (!place) return unexpected{place.error()};
    return Container{engine_, *place};
  }
  /// The object that another process's reference names. Fails with not_found
  /// when it was removed or lies in another segment, and with type_mismatch.
  /// Cost: a look at the root, and its type line compared.
  template <class Container>
  result<Container, open_error> open(object_reference reference) const {
    auto place =
        memory::find_object(*engine_, reference, Container::type_descriptor());
    if (!place) return unexpected{place.error()};
    return Container{engine_, *place};
  }
  /// Removes an object: in one transaction its name goes and every handle to it
  /// answers `removed`; its blocks are given back by and by. Waits for who
  /// writes it or reads it under a guard, at most as long as the options'
  /// patience. Fails with not_found, busy, read_only, refused.
  result<void, open_error> remove_object(std::string_view name) const {
    return memory::remove_object(*engine_, name);
  }
  /// Every object: name and type.
  [[nodiscard]] result<std::vector<memory::object_entry>, open_error> objects()
      const {
    return memory::list_objects(*engine_);
  }

  /// Lends a bare block of at least `bytes` of undefined content, aligned to 16
  /// at least: memory that the caller manages, outside of any object. It stays
  /// until somebody deallocates it or this process ends; unlike an object's
  /// data it is not part of transactions. Any process of the segment may read,
  /// write and deallocate what the handle names, so a handle may be stored in a
  /// container or sent. Never waits for other writers. Fails with too_large
  /// (from 64 MiB less two pages on), out_of_space, disk_full, and as
  /// `loan_error` says.
  /// Cost: one compare-and-swap; for every 64th a look at a slab's words; above
  /// 16 KiB two system calls.
  [[nodiscard, gnu::always_inline]] result<loan_handle, loan_error> allocate(
      std::uint64_t bytes) const {
    if (const auto made = memory::take_at_hand(*engine_, bytes)) return made;
    return memory::allocate_slowly(*engine_, bytes);
  }
  /// Ends a bare block's life, whoever took it. Fails with `stale` when that
  /// has been done before. Cost: one compare-and-swap.
  [[gnu::always_inline]] result<void, loan_error> deallocate(
      loan_handle block) const {
    if (memory::give_back_recent(*engine_, block)) return {};
    return memory::deallocate_any(*engine_, block);
  }
  /// The bytes of a bare block; empty when the handle is stale or foreign. They
  /// are as valid as the block lives: nobody holds it for the caller.
  [[nodiscard]] std::span<std::byte> bytes_of(
      loan_handle block) const noexcept {
    return memory::bytes_of(*engine_, block);
  }

  /// Empty for a segment without a name.
  [[nodiscard]] const std::string& name() const noexcept { return *name_; }
  /// What another process needs to `adopt` the segment; open as long as this
  /// attachment lasts.
  [[nodiscard]] segment_files files() const noexcept {
    return engine_->system().files();
  }
  [[nodiscard]] bool writable() const noexcept { return engine_->writable(); }
  /// Cost: a look at every block word.
  [[nodiscard]] segment_statistics statistics() const noexcept {
    return memory::count_bytes(engine_->img());
  }
  [[nodiscard]] std::vector<participant_info> participants() const;
  /// Repairs what dead participants left; happens by itself when somebody
  /// stumbles over it. Returns how many were found dead.
  std::uint32_t sweep() noexcept {
    const auto found = engine_->recover_all();
    memory::empty_all_trash(*engine_, 64);
    return found;
  }
  /// A sign of life for those who watch: see the heartbeat module.
  void beat() noexcept;

  [[nodiscard]] const std::shared_ptr<memory::engine>& engine() const noexcept {
    return engine_;
  }

private:
  static result<segment, segment_error> attach(
      std::unique_ptr<memory::backing> bytes, std::string_view name,
      const segment_options& options);

  segment(std::shared_ptr<memory::engine> engine, std::string name)
      : engine_{std::move(engine)},
        name_{std::make_shared<const std::string>(std::move(name))} {}

  template <class Container, class... Initial>
  result<Container, open_error> make(std::string_view name, bool exclusive,
                                     Initial&&... initial) {
    auto place = memory::create_object(
        *engine_, name, Container::type_descriptor(),
        [&](transaction& txn, memory::root& object) {
          Container::initialise(txn, object, initial...);
        },
        exclusive);
    if (!place) return unexpected{place.error()};
    return Container{engine_, *place};
  }

  std::shared_ptr<memory::engine> engine_;
  std::shared_ptr<const std::string> name_;
};

}  // namespace commy
