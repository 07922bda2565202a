#include <commy/memory/block_tracer.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/topic_repair.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

std::uint64_t load(const shared_u64& word) {
  return word.load(std::memory_order_acquire);
}

std::string place_text(const image& img, const block_place& place) {
  const auto base = img.page_base(place.block);
  return "block " + std::to_string((place.word - base - 64) / 8) + " of page " +
         std::to_string(base >> img.page_shift()) + " (" +
         std::to_string(place.bytes) + " bytes)";
}

}  // namespace

void block_tracer::finding(std::string line) {
  ++report_.findings;
  if (report_.lines.size() < lines_max) {
    report_.lines.push_back(std::move(line));
  }
}

void block_tracer::repairable(std::string line) {
  if (repair_) {
    ++report_.repaired;
    line += "; repaired";
  }
  finding(std::move(line));
}

bool block_tracer::reach(offset at, std::uint64_t bytes, block_kind kind,
                         const std::string& who) {
  const auto page = at >> img_.page_shift();
  if (at == 0 || page >= img_.page_count()) {
    finding(who + " lies outside of the segment");
    return false;
  }
  const auto [other, fresh] = reached_.emplace(at, who);
  if (!fresh) {
    finding(who + " shares a block with " + other->second);
    return false;
  }
  if (at == img_.page_base(at)) {
    const page_word word{load(img_.page(page))};
    const bool live = word.state() == page_state::live ||
                      (repair_ && word.state() == page_state::reserved);
    const bool good = live && word.count() << img_.page_shift() >= bytes &&
                      img_.holds(at, word.count() << img_.page_shift());
    if (!good) finding(who + " dangles: its run is not live or too short");
    return good;
  }
  const auto place = find_held(img_, at, kind);
  if (!place) {
    finding(who + " is no block");
    return false;
  }
  const block_word word{load(img_.word(place.word))};
  const bool live = word.state() == block_state::live ||
                    (repair_ && word.state() == block_state::reserved);
  if (!live || place.bytes < bytes) {
    finding(who + " dangles: its block is not live or too small");
    return false;
  }
  return true;
}

void block_tracer::expect_even(shared_u64& sequence, const std::string& who) {
  const auto now = load(sequence);
  if ((now & 1U) == 0) return;
  repairable(who + " has an odd sequence");
  if (repair_) sequence.store(now + 1, std::memory_order_relaxed);
}

bool block_tracer::trace_text(const std::uint64_t* words,
                              const std::string& who) {
  const text_cell cell{{words[0], words[1]}};
  if (!cell.sound(img_)) {
    finding(who + " is no sound text");
    return false;
  }
  return !cell.outside() ||
         reach(cell.block(), cell.size(), block_kind::plain, who);
}

void block_tracer::trace_objects() {
  trace_object(img_.header().directory, "directory", role::directory);
  trace_topics();
}

void block_tracer::trace_topics() {
  subscribers_.assign(topics_max + 1, 0);
  // Numbers fall by one from the list's head on, so a circle is found, too.
  std::uint32_t below = topics_max + 1;
  for_each_topic(img_, [&](offset at, const topic_view& topic) {
    const auto who = "topic " + std::to_string(topic.number());
    auto& header = *topic.header;
    if (!reached_.contains(at)) {
      if (load(header.root) != 0) {
        repairable(who + " names an object that is not it");
        if (repair_) header.root.store(0, std::memory_order_relaxed);
      }
      reach(at, topic_bytes(topic.depth), block_kind::plain, who);
    }
    if (topic.number() == 0 ||
        (load(header.next) == 0) != (topic.number() == 1) ||
        topic.number() >= below) {
      finding(who + " has no place in the list of topics");
      return false;
    }
    below = topic.number();
    for (std::uint32_t s = 0; s < holders_max; ++s) {
      const entry_word entry{load(topic.entries[s].word)};
      if (entry.state() == entry_state::free) continue;
      if (is_participant(entry.owner())) {
        subscribers_[topic.number()] |= std::uint64_t{1} << s;
        continue;
      }
      repairable(who + ": subscriber " + std::to_string(s) + " is nobody");
      if (repair_) free_entry(topic, s, entry);
    }
    for (std::uint32_t i = 0; i < topic.depth; ++i) {
      const cell_word word{load(topic.cells[i].word)};
      const auto message = copy_message(topic.cells[i], word);
      const bool full = word.state() == cell_state::full;
      if (message.is_named(word.lap()) ||
          (word.state() == cell_state::claimed &&
           message.is_named((word.lap() - 1) & offset_mask))) {
        const auto lies_there =
            in_topic_of(topic.number(), message.handle.generation());
        published_.emplace(message.handle.block(), lies_there.raw);
      } else if (full) {
        repairable(who + ": a message without a block");
        if (repair_) {
          topic.cells[i].word.store(
              cell_word::make(cell_state::free, 0, word.lap()).raw,
              std::memory_order_relaxed);
        }
      }
    }
    return true;
  });
}

bool block_tracer::is_published(const block_place& place,
                                block_word word) const {
  const auto named = published_.find(place.block);
  if (named != published_.end() && named->second == word.raw) return true;
  if (subscribers_.size() <= word.owner()) return false;
  const auto& holders = tail_of(img_, place).holders;
  std::uint64_t held = 0;
  for (unsigned part = 0; part < 2; ++part) {
    const holder_word now{load(holders[part])};
    if (now.is_of(word.generation())) {
      held |= std::uint64_t{now.bits()} << (32 * part);
    }
  }
  return (held & subscribers_[word.owner()]) != 0;
}

void block_tracer::trace_words(offset at, const std::string& name, role as) {
  auto& object = img_.root_at(at);
  const block_word word{
      load(img_.word(find_block(img_, at, block_kind::root).word))};
  if (word.generation() + (as == role::removed ? 1 : 0) !=
      load(object.generation)) {
    finding(name + ": its root is of another generation than its block");
  }
  if (lock_word{load(object.lock)}.locked()) {
    repairable(name + " is locked");
    if (repair_) object.lock.store(0, std::memory_order_relaxed);
  }
  expect_even(object.shape_sequence, name + ": shape");
  expect_even(object.sequence, name);
}

void block_tracer::trace_changes(offset at, const std::string& name) {
  auto& link = change_ring_of(img_.root_at(at));
  const auto ring_at = load(link);
  if (ring_at == 0) return;
  const auto ring = change_ring::at(img_, ring_at);
  if (ring.header == nullptr ||
      !reach(ring_at, change_ring::bytes(ring.capacity), block_kind::plain,
             name + ": change log")) {
    // Nothing else hangs on it: the object can do without.
    repairable(name + ": its change log makes no sense");
    if (repair_) link.store(0, std::memory_order_relaxed);
    return;
  }
  const auto next = load(ring.header->next);
  for (std::uint64_t i = 0; i < ring.capacity; ++i) {
    auto& cell = ring.cells[i];
    expect_even(cell.sequence, name + ": a cell of its change log");
    const auto position = load(cell.position);
    if (position >= next || (position != 0 && &ring.cell(position) != &cell)) {
      finding(name + ": its change log counts to " + std::to_string(next) +
              " and has entry " + std::to_string(position));
    }
  }
}

bool block_tracer::trace_root(offset at, const std::string& who,
                              std::uint64_t generation) {
  if (!reach(at, sizeof(root), block_kind::root, who)) return false;
  trace_words(at, who, role::nested);
  if (load(img_.root_at(at).generation) == generation) return true;
  finding(who + " names another generation");
  return false;
}

bool block_tracer::trace_object(offset at, const std::string& name, role as) {
  if (!reach(at, sizeof(root), block_kind::root, name)) return false;
  auto& object = img_.root_at(at);
  trace_words(at, name, as);
  trace_changes(at, name);

  const auto line_at = load(object.type);
  if (!reach(line_at, 8, block_kind::plain, name + ": type line")) return true;
  const auto bytes = load(img_.word(line_at));
  // As much as a block of the largest class holds.
  if (bytes > 16U << 10U || !img_.holds(line_at + 8, bytes)) {
    finding(name + ": its type line has no sound length");
    return true;
  }
  const std::string line{reinterpret_cast<const char*>(img_.bytes(line_at + 8)),
                         bytes};
  if (as == role::directory) {
    if (line != "directory") {
      finding("the directory calls itself '" + line.substr(0, 40) + "'");
    }
    trace_directory(at);
  } else {
    trace_content(*this, at, line, name);
  }
  trace_trash(at, name, line);
  return true;
}

void block_tracer::trace_directory(offset at) {
  trace_directory_table(
      *this, at,
      [this](const std::string& name, offset place, std::uint64_t generation) {
        trace_object(place, name, role::named);
        if (find_block(img_, place, block_kind::root) &&
            load(img_.root_at(place).generation) != generation) {
          finding(name + ": the directory names another generation");
        }
      });
}

void block_tracer::trace_trash(offset at, const std::string& name,
                               std::string_view line) {
  // A list that bites its tail ends at a shared block.
  auto next = load(trash_of(img_.root_at(at)));
  for (std::uint64_t n = 1; next != 0; ++n) {
    const auto who = name + ": trash " + std::to_string(n);
    if (!find_block(img_, next, block_kind::root)) {
      return finding(who + " is no root");
    }
    auto& object = img_.root_at(next);
    if (load(object.type) != 0) {
      // A removed object; what is nested in others has no line of its own.
      if (line != "directory") {
        return finding(who + " has a type line of its own");
      }
      if (!trace_object(next, who, role::removed)) return;
    } else {
      if (!reach(next, sizeof(root), block_kind::root, who)) return;
      trace_words(next, who, role::removed);
      trace_content(*this, next, line, who,
                    trash_kind::of(load(kind_of_trash(object))));
    }
    next = load(next_trash(object));
  }
}

void block_tracer::trace_loan_runs() {
  for_each_descriptor(
      img_,
      [this](const block_place& place) {
        const auto is_free = [this](const block_place& which) {
          return block_word{load(img_.word(which.word))}.state() ==
                 block_state::free;
        };
        const auto room = room_of(img_, place);
        if (!room) {
          // Whoever is attaching a run owns it; a sweep clears what is lost.
          if (!is_free(place) || load(img_.word(place.block)) == 0) return;
          repairable(place_text(img_, place) + " names a run that is not its");
          if (repair_) {
            img_.word(place.block).store(0, std::memory_order_relaxed);
          }
          return;
        }
        const auto [other, fresh] = loan_runs_.emplace(room.at, place);
        if (fresh) return;
        const auto line = place_text(img_, place) + " and " +
                          place_text(img_, other->second) + " name one run";
        // One that is lent may hold somebody's data: the other one shall.
        const auto loser = is_free(place) ? place : other->second;
        if (!is_free(loser)) return finding(line);
        repairable(line);
        if (repair_) {
          img_.word(loser.block).store(0, std::memory_order_relaxed);
        }
      },
      [] { return false; });
}

void block_tracer::compare_words() {
  trace_loan_runs();
  const auto pages = img_.page_count();
  const auto per_chunk = img_.sizes().chunk_pages();
  for (std::uint64_t p = 0; p < pages;) {
    const page_word word{load(img_.page(p))};
    std::uint64_t step = 1;
    if (word.heads_run()) {
      step = std::max<std::uint64_t>(1, word.count());
      const auto room = std::min(pages - p, per_chunk - p % per_chunk);
      if (step > room || p % per_chunk == 0) {
        finding("the run at page " + std::to_string(p) +
                " is longer than its chunk");
        step = 1;
      } else {
        compare_run(p, word);
      }
    } else if (word.state() == page_state::slab) {
      compare_slab(p, word);
    } else if ((word.state() == page_state::meta) != (p % per_chunk == 0) ||
               static_cast<unsigned>(word.state()) > 7) {
      finding("page " + std::to_string(p) + " is of no known kind");
    }
    p += step;
  }
}

void block_tracer::compare_run(std::uint64_t page, page_word word) {
  const auto where = "the run at page " + std::to_string(page);
  const bool reached = reached_.contains(page << img_.page_shift());
  auto& there = img_.page(page);
  const auto put = [&](page_word to) {
    if (repair_) there.store(to.raw, std::memory_order_relaxed);
  };
  if (word.state() == page_state::loan && !reached) {
    if (loan_runs_.contains(page << img_.page_shift())) return;
    repairable(where + " belongs to no loan: it leaks");
    put(word.freed());
  } else if (word.state() == page_state::live && reached) {
    ++report_.live_runs;
  } else if (word.state() == page_state::owned && !reached) {
    ++report_.lent;
    if (is_participant(word.owner())) {
      return expect_noted(page, word.owner() - 1);
    }
    repairable(where + " is lent to nobody");
    put(word.freed());
  } else if (reached) {
    repairable(where + " is still in a transaction, and in use");
    put(word.made_live());
  } else if (word.state() == page_state::live) {
    repairable(where + " leaks");
    put(word.freed());
  } else {
    repairable(where + " is still in a transaction");
    put(word.freed());
  }
}

void block_tracer::compare_slab(std::uint64_t page, page_word use) {
  if (!slab_use::is_one(use.count())) {
    return finding("page " + std::to_string(page) +
                   " is a slab of no known class");
  }
  const auto cls = slab_use::of(use.count()).cls;
  const auto& shape = img_.shape(cls);
  const auto base = page << img_.page_shift();
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    compare_block({base + shape.first + std::uint64_t{i} * shape.block_bytes,
                   base + 64 + 8ULL * i, shape.block_bytes, cls, 0},
                  static_cast<block_kind>(use.count() >> 8U));
  }
}

void block_tracer::compare_block(const block_place& place, block_kind kind) {
  auto& there = img_.word(place.word);
  const block_word word{load(there)};
  const bool reached = reached_.contains(place.block);
  const auto put = [&](block_word to) {
    if (repair_) there.store(to.raw, std::memory_order_relaxed);
  };
  const bool lendable = kind == block_kind::loan || kind == block_kind::bare;
  switch (word.state()) {
    case block_state::free:
      return;
    case block_state::live:
      ++report_.live_blocks;
      if (reached) return;
      repairable(place_text(img_, place) + " leaks");
      return put(word.freed());
    case block_state::in_topic:
      ++report_.lent;
      if (kind == block_kind::loan && is_published(place, word)) return;
      repairable(place_text(img_, place) + " is published nowhere");
      return put(word.freed());
    case block_state::owned:
    case block_state::in_ring:
    case block_state::cached:
    case block_state::returned:
      ++report_.lent;
      if (lendable && is_participant(word.owner())) {
        return expect_noted(place.block >> img_.page_shift(), word.owner() - 1);
      }
      repairable(place_text(img_, place) + " is lent to nobody");
      return put(word.freed());
    case block_state::reserved:
    case block_state::dropped:
      repairable(place_text(img_, place) + " is still in a transaction");
      return put(reached ? word.made_live() : word.freed());
  }
  repairable(place_text(img_, place) + " has a word of no known state");
  put(word.freed());
}

void block_tracer::expect_noted(std::uint64_t page, slot_index owner) {
  auto& owners = img_.owners(page);
  const auto bit = owner_bit(owner);
  if ((load(owners) & bit) != 0) return;
  repairable("page " + std::to_string(page) +
             " does not say that participant " + std::to_string(owner) +
             " owns something in it");
  if (repair_) owners.fetch_or(bit, std::memory_order_relaxed);
}

bool block_tracer::is_participant(std::uint32_t slot_plus_one) const noexcept {
  return slot_plus_one != 0 && slot_plus_one <= img_.sizes().participants &&
         slot_word{load(img_.slot(slot_plus_one - 1).word)}.state() ==
             slot_state::live;
}

}  // namespace commy::memory
