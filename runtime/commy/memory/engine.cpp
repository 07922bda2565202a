#include <commy/base/fence.hpp>
#include <commy/base/log.hpp>
#include <commy/memory/bare_block.hpp>
#include <commy/memory/engine.hpp>
#include <commy/memory/loan_words.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/sweep_all.hpp>
#include <commy/memory/thread_lanes.hpp>
#include <commy/platform/mapping.hpp>

#include <algorithm>
#include <thread>

namespace commy::memory {
namespace {

std::uint64_t next_engine_id() noexcept {
  // relaxed: only uniqueness matters.
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

void put_text(std::array<shared_u64, 8>& words, std::string_view text) {
  char bytes[64]{};
  std::copy_n(text.data(), std::min<std::size_t>(text.size(), 63), bytes);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + 8 * i, 8);
    words[i].store(word, std::memory_order_relaxed);
  }
}

}  // namespace

std::string_view describe(attach_error error) noexcept {
  switch (error) {
    case attach_error::no_slot:
      return "every participant slot is taken by a live process; detach one or "
             "create the segment with more slots";
    case attach_error::no_lane:
      return "no lane is left for this process; let threads of others end or "
             "create the segment with more lanes";
    case attach_error::no_space:
      return "the file system refused to grow the segment's control file; free "
             "space on it";
    case attach_error::poisoned:
      return "a journal in the segment made no sense, so writing is refused; "
             "open it read-only to save what is there";
  }
  return "unknown reason";
}

engine::engine(std::unique_ptr<backing> bytes) noexcept
    : backing_{std::move(bytes)},
      writable_{backing_->writable()},
      id_{next_engine_id()} {
  image_ = image{backing_->data(), backing_->control(), backing_->sizes()};
}

result<std::shared_ptr<engine>, attach_error> engine::attach(
    std::unique_ptr<backing> bytes, std::string_view name) {
  std::shared_ptr<engine> made{new engine{std::move(bytes)}};
  if (made->writable_) {
    if (made->image_.header().poisoned.load(std::memory_order_acquire) != 0) {
      return unexpected{attach_error::poisoned};
    }
    auto claimed = made->claim_slot(name);
    if (!claimed && made->recover_all() > 0) claimed = made->claim_slot(name);
    // Slots may be free that a sweep under way keeps closed, for as long as
    // that takes: a second, should it have been a very large participant. By
    // the clock: to ask for each participant's life may take a while itself.
    const auto enough = clock::now() + std::chrono::seconds{1};
    while (!claimed && made->slots_are_closed_ && clock::now() < enough) {
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
      made->recover_all();
      claimed = made->claim_slot(name);
    }
    if (!claimed) return unexpected{claimed.error()};
  }
  made->usable_.store(true, std::memory_order_relaxed);
  if (made->writable_) {
    made->common_lane_ = made->lease_lane();
    if (made->common_lane_ == nullptr) {
      return unexpected{attach_error::no_lane};
    }
    made->recover_all();
  }
  thread_lanes::enroll(made->id_, made.get());
  made->fork_callback_ = platform::on_fork_in_child(
      [](void* self) {
        static_cast<engine*>(self)->usable_.store(false,
                                                  std::memory_order_relaxed);
      },
      made.get());
  return made;
}

engine::~engine() { detach(); }

void engine::detach() noexcept {
  if (fork_callback_ >= 0) platform::forget_fork_callback(fork_callback_);
  fork_callback_ = -1;
  thread_lanes::strike(id_);
  if (!usable_.exchange(false, std::memory_order_relaxed) || !writable_) return;
  for (auto& leased : lanes_)
    free_recent(*leased);
  give_back_owned();
  for (auto& leased : lanes_)
    give_back(*leased);
  auto& slot = image_.slot(slot_);
  const auto word = slot_word::make(slot_state::free, slot_generation_ + 1, 0);
  // release: the lanes are free before the slot is.
  slot.word.store(word.raw, std::memory_order_release);
  backing_->release(slot_);
  if (backing_->stop_writing() && sweep_all(image_)) backing_->mark_clean();
}

result<void, attach_error> engine::claim_slot(std::string_view name) {
  const auto me = platform::this_process();
  slots_are_closed_ = false;
  for (slot_index i = 0; i < image_.sizes().participants; ++i) {
    auto& slot = image_.slot(i);
    slot_word now{slot.word.load(std::memory_order_acquire)};
    if (now.state() != slot_state::free || !backing_->try_claim(i)) continue;
    const auto mine =
        slot_word::make(slot_state::live, now.generation() + 1, me.pid);
    // acquire, pairs with the release that freed the slot. The lock is held
    // before the word says so, hence a live word without a lock is a death.
    if (!slot.word.compare_exchange_strong(now.raw, mine.raw,
                                           std::memory_order_acq_rel)) {
      backing_->release(i);
      continue;
    }
    if (is_bit_being_cleared(image_, i)) {
      slot.word.store(
          slot_word::make(slot_state::free, mine.generation(), 0).raw,
          std::memory_order_release);
      backing_->release(i);
      slots_are_closed_ = true;
      continue;
    }
    // A mark that the last sweeper died before it took back.
    slot.sweeper.store(0, std::memory_order_relaxed);
    slot.started.store(me.started, std::memory_order_relaxed);
    slot.nonce.store(platform::random_u64(), std::memory_order_relaxed);
    slot.heartbeat_ns.store(0, std::memory_order_relaxed);
    put_text(slot.name, name);
    slot_ = i;
    slot_generation_ = mine.generation();
    return {};
  }
  failure_detail detail;
  detail.text.append("all ")
      .append(std::to_string(image_.sizes().participants))
      .append(" slots");
  return unexpected{attach_error::no_slot, detail};
}

lane* engine::lease_lane() {
  for (int round = 0; round < 2; ++round) {
    const auto count = image_.lane_count();
    for (lane_index i = 0; i < count; ++i) {
      auto* const record = image_.lane(i);
      if (record == nullptr) continue;
      lane_word now{record->word.load(std::memory_order_relaxed)};
      if (now.state() != lane_state::free) continue;
      const auto mine =
          lane_word::make(lane_state::leased, slot_ + 1, now.generation() + 1);
      // acquire, pairs with the release that freed the lane: it is clean.
      if (!record->word.compare_exchange_strong(now.raw, mine.raw,
                                                std::memory_order_acq_rel)) {
        continue;
      }
      // Not zeroed first: its magazines are 100 KiB that may never be used.
      auto made = std::make_unique_for_overwrite<lane>();
      made->img = &image_;
      made->data = backing_->data();
      made->record = record;
      made->index = i;
      made->generation = mine.generation();
      made->self = lock_word::held_by(i, mine.generation());
      made->slot = slot_;
      made->segment = segment_number(image_);
      made->owned = block_word::make(block_state::owned, slot_ + 1, 0).raw;
      made->cached = block_word::make(block_state::cached, slot_ + 1, 0).raw;
      made->low_mark = loan_handle::low_mark(made->segment);
      made->word_to_high = made->owned ^ loan_handle::high_mark(made->segment);
      made->rewind_log();
      return lanes_.emplace_back(std::move(made)).get();
    }
    if (!add_lanes()) return nullptr;
  }
  return nullptr;
}

bool engine::add_lanes() noexcept {
  try {
    const page_lock lock{*this};
    auto& control = image_.control();
    const auto& sizes = image_.sizes();
    const auto steps = control.lane_steps.load(std::memory_order_relaxed);
    if (steps * sizes.lane_step >= sizes.lanes || steps >= 64) return false;
    const auto at = align_up(image_.control_committed(), 4096);
    const auto end = at + sizes.lane_step * lane_bytes(sizes);
    if (!backing_->extend_control(end)) return false;
    // A death between these stores leaves a table entry that nobody reads, and
    // the next one to add lanes writes it again.
    control.lane_step_at[steps].store(at, std::memory_order_relaxed);
    control.committed.store(end, std::memory_order_release);
    // release, pairs with image::lane_count().
    control.lane_steps.store(steps + 1, std::memory_order_release);
    return true;
  } catch (const write_failed&) {
    return false;
  }
}

void engine::give_back(lane& leased) noexcept {
  // release: the next lease sees a record without transaction and guards.
  leased.record->word.store(
      lane_word::make(lane_state::free, 0, leased.generation + 1).raw,
      std::memory_order_release);
}

void engine::free_recent(lane& leased) noexcept {
  leased.recent.empty([this](const recent_loans::entry& goes) {
    const auto cached = cached_by(slot_, goes.generation);
    if (step_own_loan(image_, goes.place, cached, cached.freed())) {
      note_free(image_, goes.place);
    }
  });
}

void engine::take_back(lane& leased) noexcept {
  const std::scoped_lock lock{lanes_mutex_};
  if (!usable()) return;
  free_recent(leased);
  idle_lanes_.push_back(&leased);
}

lane* engine::find_lane(thread_lanes::lease& lease) {
  if (!usable()) throw write_failed{write_error::detached};
  if (!writable_) throw write_failed{write_error::read_only};
  const std::scoped_lock lock{lanes_mutex_};
  if (!idle_lanes_.empty()) {
    lease.leased = idle_lanes_.back();
    idle_lanes_.pop_back();
  } else {
    lease.leased = lease_lane();
  }
  return lease.leased;
}

lane& engine::lease_for_thread(thread_lanes::lease& lease) {
  auto* const found = find_lane(lease);
  if (found == nullptr) throw write_failed{write_error::lanes_exhausted};
  return *found;
}

void engine::meet(thread_lanes::lease& lease, offset root) {
  auto& body = *lease.body;
  auto& open = *lease.open;
  if (!body.meets) throw write_failed{write_error::not_in_transaction};
  if (root == open.img().header().directory) {
    throw write_failed{{write_error::not_in_transaction,
                        "objects are made and removed outside of transact()"}};
  }
  body.met.push_back(root);
  try {
    open.lock(root, body.patience);
  } catch (const write_failed& failed) {
    if ((failed.why.code() == write_error::lock_timeout ||
         failed.why.code() == write_error::guard_timeout) &&
        open.is_out_of_order(root)) {
      body.out_of_order = true;
      body.broken = failed.why;
      throw met_out_of_order{};
    }
    throw;
  }
}

void engine::join(offset root) {
  auto& lease = my_lease();
  if (lease.body == nullptr || !lease.body->meets || !usable() ||
      lease.open->holds(root)) {
    return;
  }
  meet(lease, root);
}

void engine::refuse_removed() { throw write_failed{write_error::removed}; }

void engine::note_failure(thread_lanes::lease& lease,
                          std::uint64_t logged) noexcept {
  if (lease.body == nullptr || lease.body->is_lost() ||
      lease.leased->log_words == logged) {
    return;
  }
  try {
    throw;
  } catch (const write_failed& failed) {
    lease.body->broken = failed.why;
  } catch (...) {
    lease.body->broken = write_error::half_done;
  }
}

namespace {

bool lock_within(std::timed_mutex& mutex, std::chrono::nanoseconds at_most) {
#ifdef COMMY_TSAN
  // The runtime of g++ 12 does not see the lock that the steady clock's variant
  // takes, and then takes each unlock for a mistake.
  return mutex.try_lock_until(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::microseconds>(at_most));
#else
  return mutex.try_lock_for(at_most);
#endif
}

}  // namespace

void lane_scope::find(std::chrono::nanoseconds patience) {
  if (owner_->find_lane(*lease_) != nullptr) return;
  if (!lock_within(owner_->common_, patience)) {
    throw write_failed{write_error::lanes_exhausted};
  }
  lease_->leased = owner_->common_lane_;
  borrowed_ = true;
}

void lane_scope::give_back() noexcept {
  lease_->leased = nullptr;
  owner_->common_.unlock();
}

page_lock::page_lock(engine& owner) : owner_{owner} {
  constexpr std::chrono::milliseconds at_most{10'000};
  if (!lock_within(owner_.pages_, at_most)) {
    throw write_failed{{write_error::lock_timeout, "the segment's page lock"}};
  }
  if (!owner_.backing_->lock_pages(at_most)) {
    owner_.pages_.unlock();
    throw write_failed{{write_error::lock_timeout, "the segment's page lock"}};
  }
}

page_lock::~page_lock() {
  owner_.backing_->unlock_pages();
  owner_.pages_.unlock();
}

void engine::grow(std::uint64_t bytes) {
  const auto& sizes = image_.sizes();
  const auto old = image_.committed();
  const auto sixteenth = old / 16 / sizes.page_bytes * sizes.page_bytes;
  const auto step = std::clamp<std::uint64_t>(sixteenth, sizes.grow_min_bytes,
                                              sizes.grow_max_bytes);
  const auto wanted = align_up(std::max(step, bytes), sizes.page_bytes);
  const auto end = std::min(sizes.capacity, old + wanted);
  if (end == old) {
    throw write_failed{
        {write_error::out_of_space, {{}, old + bytes, sizes.capacity}}};
  }
  if (!backing_->extend_data(end)) {
    throw write_failed{{write_error::disk_full, {{}, end, old}}};
  }
  // The first page of each new chunk holds its page words.
  for (auto chunk = align_up(old, sizes.chunk_bytes); chunk < end;
       chunk += sizes.chunk_bytes) {
    image_.word(chunk + page_words_at)
        .store(page_word::make(page_state::meta, 0, 0, 0).raw,
               std::memory_order_relaxed);
  }
  // [grow] release, pairs with image::committed(): the bytes exist, and the
  // heads are written, before anybody believes in them.
  image_.header().committed.store(end, std::memory_order_release);
}

void engine::wake_waiters(offset root) noexcept {
  fence::full();  // Partner of [wait].
  const auto count = image_.lane_count();
  for (lane_index i = 0; i < count; ++i) {
    auto* const record = image_.lane(i);
    if (record != nullptr &&
        record->waiting_for.load(std::memory_order_relaxed) == root) {
      backing_->unpark(i, record->park);
    }
  }
}

void engine::beat(std::uint64_t now_ns) noexcept {
  if (!usable() || !writable_) return;
  image_.slot(slot_).heartbeat_ns.store(now_ns, std::memory_order_relaxed);
}

}  // namespace commy::memory
