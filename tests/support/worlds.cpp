#include "worlds.hpp"

#include <commy/memory/file_backing.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/loan_run.hpp>

#include <csignal>
#include <map>
#include <thread>

#ifndef _WIN32
#include "forked.hpp"
#endif

namespace commy::test {
namespace {

constexpr const char* names[] = {
    "texts",      "numbers", "queue",   "box",   "text",    "spare",  "list",
    "other_list", "words",   "ordered", "index", "members", "groups", "deep"};
constexpr const char* ballast = "ballast";
constexpr const char* doomed = "doomed";

struct text_slots {
  static constexpr memory::hash_slots get() {
    return memory::hash_slots::of(4, 16, 8, false, true);
  }
};
struct number_slots {
  static constexpr memory::hash_slots get() {
    return memory::hash_slots::of(16, 8, 8, true, false);
  }
};

std::string show(const sample& s) {
  return "(" + std::to_string(s.at) + ", " + std::to_string(s.value) + ")";
}
std::string show(const std::string& text) {
  return "'" + text.substr(0, 24) + "' (" + std::to_string(text.size()) +
         " bytes)";
}
std::string show(std::int64_t number) { return std::to_string(number); }

template <class Map>
std::string map_difference(const Map& wanted, const Map& found) {
  for (const auto& [key, value] : wanted) {
    const auto there = found.find(key);
    if (there == found.end()) return "no entry " + show(key);
    if (there->second != value) {
      return "entry " + show(key) + " is " + show(there->second) + ", not " +
             show(value);
    }
  }
  for (const auto& [key, value] : found) {
    if (!wanted.contains(key)) return "an entry " + show(key) + " too much";
  }
  return {};
}

}  // namespace

std::string difference(const model_world& wanted, const model_world& found) {
  if (const auto d = map_difference(wanted.texts, found.texts); !d.empty()) {
    return "texts: " + d;
  }
  if (const auto d = map_difference(wanted.numbers, found.numbers);
      !d.empty()) {
    return "numbers: " + d;
  }
  if (wanted.queue != found.queue) {
    std::string all = "queue:";
    for (const auto& s : found.queue)
      all += " " + show(s);
    all += " instead of";
    for (const auto& s : wanted.queue)
      all += " " + show(s);
    return all;
  }
  if (wanted.box != found.box) return "box differs";
  if (wanted.text != found.text) return "text is " + show(found.text.value);
  if (wanted.spare != found.spare) return "spare is " + show(found.spare.value);
  if (wanted.list != found.list) return "list differs";
  if (wanted.other_list != found.other_list) return "other_list differs";
  if (wanted.words != found.words) return "words differ";
  if (const auto d = map_difference(wanted.ordered, found.ordered);
      !d.empty()) {
    return "ordered: " + d;
  }
  if (wanted.index != found.index) return "index differs";
  if (wanted.members != found.members) return "members differ";
  if (wanted.groups != found.groups) return "groups differ";
  if (wanted.deep != found.deep) return "deep differs";
  if (wanted.made != found.made) return "objects differ";
  return {};
}

shared_objects shared_objects::at(const std::shared_ptr<memory::engine>& engine,
                                  const places& where) {
  return {{engine, where.texts},  {engine, where.numbers},
          {engine, where.queue},  {engine, where.box},
          {engine, where.text},   {engine, where.spare},
          {engine, where.list},   {engine, where.other_list},
          {engine, where.words},  {engine, where.ordered},
          {engine, where.index},  {engine, where.members},
          {engine, where.groups}, {engine, where.deep}};
}

shared_objects::places shared_objects::where() const {
  return {texts.place(),  numbers.place(), queue.place(), box.place(),
          text.place(),   spare.place(),   list.place(),  other_list.place(),
          words.place(),  ordered.place(), index.place(), members.place(),
          groups.place(), deep.place()};
}

void shared_objects::set_patience(std::chrono::nanoseconds patience) {
  texts.set_patience(patience);
  numbers.set_patience(patience);
  queue.set_patience(patience);
  box.set_patience(patience);
  text.set_patience(patience);
  spare.set_patience(patience);
  list.set_patience(patience);
  other_list.set_patience(patience);
  words.set_patience(patience);
  ordered.set_patience(patience);
  index.set_patience(patience);
  members.set_patience(patience);
  groups.set_patience(patience);
  deep.set_patience(patience);
}

shared_world shared_world::open_or_create(const std::string& name,
                                          const segment_options& options) {
  auto home = must(segment::open_or_create(name, options));
  shared_objects objects{
      must(home.open_or_create<shared_hash_map<int, shared_string>>(names[0])),
      must(home.open_or_create<shared_hash_map<shared_string, std::int64_t>>(
          names[1])),
      must(home.open_or_create<shared_vec_deque<sample>>(names[2])),
      must(home.open_or_create<shared_box<point>>(names[3])),
      must(home.open_or_create<shared_string>(names[4])),
      must(home.open_or_create<shared_string>(names[5])),
      must(home.open_or_create<shared_vec<sample>>(names[6])),
      must(home.open_or_create<shared_vec<sample>>(names[7])),
      must(home.open_or_create<shared_vec<shared_string>>(names[8])),
      must(home.open_or_create<shared_btree_map<int, shared_string>>(names[9])),
      must(home.open_or_create<shared_btree_set<shared_string>>(names[10])),
      must(home.open_or_create<shared_hash_set<int>>(names[11])),
      must(home.open_or_create<decltype(groups)>(names[12])),
      must(home.open_or_create<decltype(deep)>(names[13]))};
  must(home.open_or_create<shared_hash_map<int, shared_string>>(ballast));
  return {std::move(objects), std::move(home), options};
}

void shared_world::fill_pages(std::uint64_t committed) {
  auto filler =
      must(home.open_or_create<shared_hash_map<int, shared_string>>(ballast));
  const auto page = home.engine()->img().sizes().page_bytes;
  // Too long for a slab of these sizes: each takes a run of one page.
  const std::string run(page / 2, '.');
  for (int i = 0;; ++i) {
    const auto now = home.statistics();
    if (now.free_page_bytes == 0 && now.committed_bytes >= committed) return;
    must(filler.insert_or_assign(i, run));
  }
}

void shared_world::leave_single_pages() {
  auto filler =
      must(home.open_or_create<shared_hash_map<int, shared_string>>(ballast));
  const auto page = home.engine()->img().sizes().page_bytes;
  const std::string run(page / 2, '.');
  must(filler.reserve(100));
  std::map<memory::offset, int> pages;
  for (int i = 0;; ++i) {
    if (const auto made = filler.insert_or_assign(i, run); !made) break;
    for (const auto& [key, run_of] : must(filler.read())) {
      pages.emplace(home.engine()->img().offset_of(run_of.data()), key);
    }
  }
  // In the order of their places: no two neighbours.
  bool keep = false;
  for (const auto& [place, key] : pages) {
    if (keep = !keep; !keep) must(filler.erase(key));
  }
}

void shared_world::lend_some(std::uint64_t bytes, std::size_t at_most) {
  while (at_most-- > 0) {
    auto next = memory::loan_block::take(home.engine(), bytes, 1);
    if (!next) return;
    loans.push_back(std::move(*next));
  }
}

void shared_world::create_doomed() {
  auto map =
      must(home.create<shared_hash_map<shared_string, shared_string>>(doomed));
  for (int i = 0; i < 12; ++i) {
    must(map.insert(std::string(20, 'k') + std::to_string(i),
                    std::string(100, 'v')));
  }
}

void shared_world::create_doomed_tree() {
  using tree = shared_btree_map<shared_string, shared_string>;
  auto map = must(home.create<tree>(doomed));
  // Three leaves below an inner node, whose separators are texts of their own.
  for (int i = 10; i < 45; ++i) {
    must(map.insert(std::string(20, 'k') + std::to_string(i), "v"));
  }
}

void shared_world::create_doomed_words() {
  auto many = must(home.create<shared_vec<shared_string>>(doomed));
  for (int i = 0; i < 12; ++i)
    must(many.push_back(std::string(60, 'w')));
}

void shared_world::map_again() {
  mapped = must(memory::file_backing::open(options.folder + "/" + home.name(),
                                           platform::access::read_write));
}

void shared_world::hold_box() {
  map_again();
  attach_again();
  auto& other = *again.back();
  locked = std::make_unique<transaction>(other, other.my_lane());
  locked->lock(box.place().root, std::chrono::seconds{1});
  box.set_patience(std::chrono::milliseconds{1});
}

void shared_world::meet_box_in_vain(const std::string& by) {
  static_cast<void>(
      transact(within(std::chrono::milliseconds{1}), home, [&](transaction&) {
        must(spare.assign(by));
        must(words.push_back(by));
        must(box.update([](point& p) { p.x += 1; }));
      }));
}

void shared_world::hold_guard() {
  map_again();
  attach_again();
  const shared_hash_map<int, shared_string> same{again.back(), texts.place()};
  guarded = std::make_unique<shared_hash_map<int, shared_string>::entries>(
      must(same.read()));
  texts.set_patience(std::chrono::milliseconds{1});
}

void shared_world::look() {
  std::size_t bytes = 0;
  for (const auto& entry : must(texts.read()))
    bytes += entry.second.size();
  if (bytes == 0) throw std::runtime_error{"there are no texts"};
}

#ifndef _WIN32
void shared_world::lose_participant(bool committed) {
  forked lost{[&](const forked::teller&) {
    auto own = open_or_create(home.name(), options);
    must(transact(own.texts, own.box, [&](transaction&) {
      must(own.texts.insert_or_assign(5, model_world::lost_text));
      must(own.texts.erase(1));
      must(own.box.update([](point& p) { p.y += 1; }));
      if (committed) {
        own.home.engine()->my_lane().record->state.store(
            static_cast<std::uint64_t>(memory::journal_state::committed));
      }
      std::raise(SIGKILL);
    }));
    return 1;
  }};
  if (lost.wait() != -SIGKILL) throw std::runtime_error{"it did not die"};
}

void shared_world::lose_lender(std::uint64_t bytes) {
  forked lost{[&](const forked::teller&) {
    auto own = open_or_create(home.name(), options);
    own.lend_some(bytes, 2);
    // As it would have died while it attached the second's run.
    const auto& img = own.home.engine()->img();
    const memory::run_name name{
        img.word(own.loans.back().handle().block()).load()};
    auto& page = img.page(name.page());
    page = memory::page_word{page.load()}.freed().raw;
    std::raise(SIGKILL);
    return 1;
  }};
  if (lost.wait() != -SIGKILL) throw std::runtime_error{"it did not die"};
}
#endif

void shared_world::start_thread() {
  std::thread writer{[&] { must(spare.append("+")); }};
  writer.join();
}

namespace {

template <class Shared, class Model>
std::optional<failure<read_error>> read_into(const Shared& shared,
                                             Model& model) {
  const auto all = shared.copy();
  if (!all) return all.error();
  if constexpr (requires { model.append(*all); }) {
    model.append(*all);
  } else {
    model.bulk_load(*all);
    if (model.size() != all->size()) {
      return failure<read_error>{read_error::damaged, "a key twice"};
    }
  }
  return std::nullopt;
}

std::optional<failure<read_error>> read_ordered(const shared_objects& from,
                                                model_world& into) {
  if (const auto why = read_into(from.list, into.list)) return why;
  if (const auto why = read_into(from.other_list, into.other_list)) return why;
  if (const auto why = read_into(from.words, into.words)) return why;
  if (const auto why = read_into(from.ordered, into.ordered)) return why;
  if (const auto why = read_into(from.index, into.index)) return why;
  if (const auto why = read_into(from.members, into.members)) return why;
  if (const auto why = read_into(from.groups, into.groups)) return why;
  return read_into(from.deep, into.deep);
}

}  // namespace

result<model_world, read_error> read_world(
    const std::shared_ptr<memory::engine>& engine,
    const shared_objects::places& where) {
  const auto& img = engine->img();
  auto objects = shared_objects::at(engine, where);
  objects.set_patience(std::chrono::nanoseconds{0});
  model_world world;
  bool sound = true;
  memory::hash_table<text_slots>{img, where.texts.root, {}}.for_each(
      [&](const std::uint64_t* words) {
        int key = 0;
        std::memcpy(&key, words, sizeof key);
        std::string value;
        sound &= memory::element<shared_string>::get(img, words, 8, value);
        world.texts.insert_or_assign(key, value);
        return sound;
      });
  memory::hash_table<number_slots>{img, where.numbers.root, {}}.for_each(
      [&](const std::uint64_t* words) {
        std::string key;
        sound &= memory::element<shared_string>::get(img, words, 0, key);
        std::int64_t value = 0;
        std::memcpy(&value, words + 2, sizeof value);
        world.numbers.insert_or_assign(key, value);
        return sound;
      });
  if (!sound) return unexpected{read_error::damaged, "a text in a map"};
  const auto queue = objects.queue.copy();
  if (!queue) return unexpected{queue.error()};
  world.queue.assign(*queue);
  const auto box = objects.box.get();
  if (!box) return unexpected{box.error()};
  world.box.value = *box;
  const auto text = objects.text.get();
  if (!text) return unexpected{text.error()};
  world.text.value = *text;
  const auto spare = objects.spare.get();
  if (!spare) return unexpected{spare.error()};
  world.spare.value = *spare;
  if (const auto why = read_ordered(objects, world)) return unexpected{*why};
  const auto listed = memory::list_objects(*engine);
  if (!listed) return unexpected{read_error::busy, "the directory"};
  for (const auto& entry : *listed)
    world.made.insert(entry.name);
  for (const auto* known : names)
    world.made.erase(known);
  world.made.erase(ballast);
  world.made.erase(doomed);
  return world;
}

}  // namespace commy::test
