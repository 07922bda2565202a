#include "state_checks.hpp"

#include <commy/memory/classes.hpp>

#include <algorithm>
#include <cstring>
#include <set>
#include <support/block_trace.hpp>

namespace commy::test {
namespace {

using namespace std::chrono_literals;

/// Keys worth asking for: all that the operation changes, some that it does
/// not, and one that is never there.
template <class Map, class Key>
std::vector<Key> keys_of(const Map& before, const Map& after,
                         const Key& absent) {
  std::set<Key> keys{absent};
  for (const auto* map : {&before, &after}) {
    std::size_t same = 0;
    for (const auto& [key, value] : *map) {
      const auto& other = map == &before ? after : before;
      const auto found = other.find(key);
      if (found == other.end() || found->second != value || ++same <= 3) {
        keys.insert(key);
      }
    }
  }
  return {keys.begin(), keys.end()};
}

template <class Map, class Key>
auto lookup_in(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end()
             ? std::nullopt
             : std::optional<typename Map::mapped_type>{found->second};
}

template <class T>
std::optional<T> at(const std::deque<T>& queue, std::size_t index) {
  return index < queue.size() ? std::optional<T>{queue[index]} : std::nullopt;
}

/// True if an answer is the old or the new one, or none that can be had now.
/// Once the journal has decided, `old` and `fresh` are the same.
template <class T>
bool is_fair(const result<T, read_error>& answer, const std::optional<T>& old,
             const std::optional<T>& fresh) {
  if (answer) return *answer == old || *answer == fresh;
  if (answer.error() == read_error::absent) return !old || !fresh;
  return answer.error() == read_error::busy;
}

}  // namespace

state_checks::state_checks(const memory::geometry& sizes,
                           const model_world& before, const model_world& after,
                           exploration& into, bool lends)
    : copy_{sizes},
      before_{before},
      after_{after},
      lends_{lends},
      done_{into},
      text_keys_{keys_of(before.texts, after.texts, -1)},
      number_keys_{
          keys_of(before.numbers, after.numbers, std::string{"nowhere"})},
      ordered_keys_{keys_of(before.ordered, after.ordered, -1)} {}

void state_checks::violation(const std::string& what) {
  if (done_.violations++ < 5) {
    done_.first_violations.push_back("state " + std::to_string(done_.states) +
                                     ": " + what);
  }
}

void state_checks::begin(const segment_bytes& state) {
  copy_.load(state);
  // Some scenarios begin beside a participant that is dead already.
  copy_.sweep();
  const auto reader = copy_.attach(false);
  const auto find = [&](const char* name) {
    const auto found = must(memory::inspect_object(*reader, name));
    return found.place;
  };
  places_ = {find("texts"),  find("numbers"), find("queue"), find("box"),
             find("text"),   find("spare"),   find("list"),  find("other_list"),
             find("words"),  find("ordered"), find("index"), find("members"),
             find("groups"), find("deep")};
  changes_.begin(reader, {places_->texts, places_->numbers, places_->queue,
                          places_->box, places_->list, places_->words,
                          places_->ordered, places_->groups, places_->deep});
  const auto found = must(read_world(reader, *places_));
  if (found != before_) {
    violation("before the operation: " + difference(before_, found));
  }
}

void state_checks::end(const segment_bytes& state) {
  copy_.load(state);
  copy_.sweep();
  const auto reader = copy_.attach(false);
  for (const auto& line : changes_.differences(reader, true))
    violation(line);
  const auto found = must(read_world(reader, *places_));
  if (found != after_) {
    violation("after the operation: " + difference(after_, found));
  }
}

void state_checks::check(const segment_bytes& state) {
  // What the journal decides holds for readers too, before anybody has swept.
  const auto outcome = swept(state);
  may_be_old_ = outcome != after_ || before_ == after_;
  may_be_fresh_ = outcome != before_ || before_ == after_;
  check_point_reads(state);
  check_survivor(state);
  check_sweep(state);
}

std::optional<model_world> state_checks::trace_and_read(const char* when) {
  const auto trace = trace_blocks(copy_.img());
  if (!trace.problems.empty()) {
    violation(std::string{when} + ":\n" + trace.text());
    return std::nullopt;
  }
  if (trace.loans != 0) {
    violation(std::string{when} + ": a loan is left");
    return std::nullopt;
  }
  const auto found = read_world(copy_.attach(false), *places_);
  if (!found) {
    violation(std::string{when} + ": " + found.error().message());
    return std::nullopt;
  }
  return *found;
}

std::optional<model_world> state_checks::sweep_and_read(const char* when) {
  const auto report = copy_.sweep();
  if (report.poisoned ||
      copy_.img().header().poisoned.load(std::memory_order_relaxed) != 0) {
    violation(std::string{when} + ": poisoned");
    return std::nullopt;
  }
  return trace_and_read(when);
}

void state_checks::check_point_reads(const segment_bytes& state) {
  copy_.load(state);
  const auto reader = copy_.attach(false);
  auto objects = shared_objects::at(reader, *places_);
  objects.set_patience(0s);
  for (const auto key : text_keys_) {
    if (!is_fair(objects.texts.get(key), lookup_in(seen_old().texts, key),
                 lookup_in(seen_fresh().texts, key))) {
      violation("a reader gets a wrong text for key " + std::to_string(key));
    }
  }
  for (const auto& key : number_keys_) {
    if (!is_fair(objects.numbers.get(key), lookup_in(seen_old().numbers, key),
                 lookup_in(seen_fresh().numbers, key))) {
      violation("a reader gets a wrong number for key " + key);
    }
  }
  const auto longest =
      std::max(seen_old().queue.size(), seen_fresh().queue.size());
  for (const auto i : {std::size_t{0}, std::size_t{1}, longest - 1, longest}) {
    if (!is_fair(objects.queue.get(i), at(seen_old().queue, i),
                 at(seen_fresh().queue, i))) {
      violation("a reader gets a wrong element " + std::to_string(i));
    }
  }
  check_ordered(objects);
  check_objects(reader);
  changes_.look(reader);
}

void state_checks::check_ordered(const shared_objects& objects) {
  using entry = std::pair<int, std::string>;
  const auto lower = [](const auto& map, int key) {
    const auto found = map.lower_bound(key);
    return found == map.end()
               ? std::nullopt
               : std::optional<entry>{entry{found->first, found->second}};
  };
  for (const auto key : ordered_keys_) {
    if (!is_fair(objects.ordered.get(key), lookup_in(seen_old().ordered, key),
                 lookup_in(seen_fresh().ordered, key))) {
      violation("a reader gets a wrong value in order for key " +
                std::to_string(key));
    }
    if (!is_fair(objects.ordered.lower_bound(key),
                 lower(seen_old().ordered, key),
                 lower(seen_fresh().ordered, key))) {
      violation("a reader gets a wrong bound for key " + std::to_string(key));
    }
  }
  const auto longest =
      std::max(seen_old().list.size(), seen_fresh().list.size());
  const auto at_list = [](const auto& list, std::size_t i) {
    return i < list.size() ? std::optional{list[i]} : std::nullopt;
  };
  for (const auto i :
       {std::size_t{0}, std::size_t{1}, longest / 2, longest - 1, longest}) {
    if (!is_fair(objects.list.get(i), at_list(seen_old().list, i),
                 at_list(seen_fresh().list, i))) {
      violation("a reader gets a wrong element of the list");
    }
    if (!is_fair(objects.words.get(i), at_list(seen_old().words, i),
                 at_list(seen_fresh().words, i))) {
      violation("a reader gets a wrong word");
    }
  }
  check_nested(objects);
  for (const int key : {0, 1, 5, 500}) {
    const auto has = objects.members.contains(key);
    if (has ? *has != seen_old().members.contains(key) &&
                  *has != seen_fresh().members.contains(key)
            : has.error() != read_error::busy) {
      violation("a reader finds a wrong member");
    }
  }
}

void state_checks::check_nested(const shared_objects& objects) {
  using words = std::vector<std::string>;
  const auto words_of = [](const model_world& world, int key) {
    const auto found = world.groups.find(key);
    return found == world.groups.end() ? std::nullopt
                                       : std::optional<words>{found->second};
  };
  const auto word_of = [&](const model_world& world, int key, std::size_t i) {
    const auto found = words_of(world, key);
    return found && i < found->size() ? std::optional{(*found)[i]}
                                      : std::nullopt;
  };
  for (const int key : {0, 1, 2, 5, 500}) {
    if (!is_fair(objects.groups.get(key), words_of(seen_old(), key),
                 words_of(seen_fresh(), key))) {
      violation("a reader gets wrong words of a group");
    }
    const auto group = objects.groups.at(key);
    if (!group) continue;
    for (const std::size_t i : {0U, 1U, 3U}) {
      const auto found = group->get(i);
      // Of a group that goes its handle says so.
      if (!found && found.error() == read_error::removed &&
          words_of(seen_old(), key) != words_of(seen_fresh(), key)) {
        continue;
      }
      if (!is_fair(found, word_of(seen_old(), key, i),
                   word_of(seen_fresh(), key, i))) {
        violation("a reader gets a wrong word of a group");
      }
    }
  }
  const auto deep_of = [](const model_world& world) {
    std::vector<
        std::pair<int, std::vector<std::pair<int, std::vector<sample>>>>>
        all;
    for (const auto& [key, inner] : world.deep) {
      auto& entry = all.emplace_back();
      entry.first = key;
      for (const auto& [k, list] : inner)
        entry.second.emplace_back(k, list);
    }
    return std::optional{all};
  };
  if (!is_fair(objects.deep.copy(), deep_of(seen_old()),
               deep_of(seen_fresh()))) {
    violation("a reader gets wrong nested maps");
  }
}

void state_checks::check_objects(
    const std::shared_ptr<memory::engine>& engine) {
  auto objects = shared_objects::at(engine, *places_);
  objects.set_patience(0s);
  using samples = std::vector<sample>;
  if (!is_fair(objects.queue.copy(),
               std::optional{
                   samples(seen_old().queue.begin(), seen_old().queue.end())},
               std::optional{samples(seen_fresh().queue.begin(),
                                     seen_fresh().queue.end())})) {
    violation("a reader gets a wrong queue");
  }
  if (!is_fair(objects.box.get(), std::optional{seen_old().box.value},
               std::optional{seen_fresh().box.value})) {
    violation("a reader gets a wrong box");
  }
  if (!is_fair(objects.text.get(), std::optional{seen_old().text.value},
               std::optional{seen_fresh().text.value})) {
    violation("a reader gets a wrong text");
  }
  const auto list_of = [](const auto& model) {
    return std::optional{
        std::vector<typename std::remove_cvref_t<decltype(model)>::value_type>(
            model.begin(), model.end())};
  };
  if (!is_fair(objects.list.copy(), list_of(seen_old().list),
               list_of(seen_fresh().list)) ||
      !is_fair(objects.words.copy(), list_of(seen_old().words),
               list_of(seen_fresh().words)) ||
      !is_fair(objects.index.copy(), list_of(seen_old().index),
               list_of(seen_fresh().index))) {
    violation("a reader gets a wrong list, wrong words or a wrong index");
  }
  auto made = seen_old().made;
  made.insert(seen_fresh().made.begin(), seen_fresh().made.end());
  for (const auto& name : made) {
    const bool stays =
        seen_old().made.contains(name) && seen_fresh().made.contains(name);
    const auto found = memory::find_object(
        *engine, name, shared_box<std::int64_t>::type_descriptor());
    const bool fair =
        found ? true
              : found.error() == open_error::busy ||
                    (found.error() == open_error::not_found && !stays);
    if (!fair) violation("the directory: " + found.error().message());
    if (!found) continue;
    const auto value = shared_box<std::int64_t>{engine, *found}.get();
    const bool gone = !value && value.error() == read_error::removed && !stays;
    if (value ? *value != 7 : value.error() != read_error::busy && !gone) {
      violation("a new object is found before it is whole");
    }
  }
}

std::vector<memory::loan_block> state_checks::lend(
    const std::shared_ptr<memory::engine>& engine) {
  std::vector<memory::loan_block> lent;
  // The size that scenarios lend, twice: what the dead one was about to have,
  // and one more.
  while (lends_ && lent.size() < 2) {
    auto made = memory::loan_block::take(engine, scenario::large, 1);
    if (!made && made.error() == loan_error::out_of_space) break;
    if (!made) {
      violation("a survivor lends: " + made.error().message());
      break;
    }
    std::memset(made->data(), static_cast<int>(lent.size()), made->bytes());
    lent.push_back(std::move(*made));
  }
  return lent;
}

void state_checks::check_lent(const std::vector<memory::loan_block>& lent) {
  for (std::size_t i = 0; i < lent.size(); ++i) {
    const std::span content{lent[i].data(), lent[i].bytes()};
    if (std::ranges::count(content, std::byte(i)) != std::ssize(content)) {
      violation("somebody wrote into a survivor's loan");
    }
  }
  const auto trace = trace_blocks(copy_.img());
  if (lends_ && !trace.problems.empty()) {
    violation("beside a survivor's loans:\n" + trace.text());
  }
}

void state_checks::check_survivor(const segment_bytes& state) {
  copy_.load(state);
  // It was attached before the death, so it did not sweep; then it wakes up.
  copy_.let_others_live(true);
  auto engine = copy_.attach(true);
  copy_.let_others_live(false);
  const auto& img = copy_.img();
  for (std::uint64_t page = 0; page < img.page_count(); ++page) {
    const memory::page_word word{img.page(page).load()};
    if (word.state() != memory::page_state::slab) continue;
    // A hint, set so that the survivor takes what the victim just gave back.
    reinterpret_cast<memory::slab_header*>(
        img.bytes(page * img.sizes().page_bytes))
        ->dirty.store(1);
  }
  auto lent = lend(engine);
  auto objects = shared_objects::at(engine, *places_);
  objects.set_patience(0s);
  auto before = before_;
  auto after = after_;
  const auto accept = [&](const auto& outcome) {
    if (!outcome && outcome.error() != write_error::lock_timeout &&
        outcome.error() != write_error::guard_timeout) {
      violation("a survivor: " + outcome.error().message());
    }
    return outcome.has_value();
  };
  // Of the sizes that scenarios give back: two classes, a run of a page.
  for (const int bytes : {2000, 200, 40}) {
    const std::string text(static_cast<std::size_t>(bytes), 's');
    if (accept(objects.spare.assign(text))) {
      before.spare.assign(text);
      after.spare.assign(text);
    }
  }
  const std::string text(40, 't');
  if (accept(objects.texts.insert_or_assign(777, text))) {
    before.texts.insert_or_assign(777, text);
    after.texts.insert_or_assign(777, text);
  }
  if (accept(objects.ordered.insert_or_assign(777, text))) {
    before.ordered.insert_or_assign(777, text);
    after.ordered.insert_or_assign(777, text);
  }
  if (accept(objects.words.push_back(text))) {
    before.words.push_back(text);
    after.words.push_back(text);
  }
  if (accept(objects.groups.insert_or_assign(777, {text, "x"}))) {
    before.groups.insert_or_assign(777, {{text, "x"}});
    after.groups.insert_or_assign(777, {{text, "x"}});
  }
  if (accept(objects.deep.insert_or_assign(777, {{7, {{7, 7}}}}))) {
    using inner = std::vector<std::pair<int, std::vector<sample>>>;
    before.deep.insert_or_assign(777, inner{{7, {{7, 7}}}});
    after.deep.insert_or_assign(777, inner{{7, {{7, 7}}}});
  }
  if (accept(objects.box.update([](point& p) { p.x += 1000; }))) {
    before.box.value.x += 1000;
    after.box.value.x += 1000;
  }
  copy_.sweep();
  check_lent(lent);
  lent.clear();
  engine.reset();
  const auto found = trace_and_read("a survivor wrote before the sweep");
  if (found && *found != before && *found != after) {
    violation("a survivor wrote before the sweep: " +
              difference(after, *found));
  }
}

void state_checks::check_sweep(const segment_bytes& state) {
  copy_.load(state);
  const auto report = copy_.sweep();
  done_.rolled_back += report.rolled_back;
  done_.rolled_forward += report.rolled_forward;
  copy_.load(state);
  const auto found = sweep_and_read("after the sweep");
  if (!found) return;
  const bool is_before = *found == before_;
  const bool is_after = *found == after_;
  if (is_before != is_after) {
    for (const auto& line :
         changes_.differences(copy_.attach(false), is_after)) {
      violation(line);
    }
  }
  done_.ended_before += is_before ? 1 : 0;
  done_.ended_after += is_after ? 1 : 0;
  if (!is_before && !is_after) {
    violation("after the sweep, compared with before: " +
              difference(before_, *found) +
              "; with after: " + difference(after_, *found));
    return;
  }
  const auto once = copy_.bytes();
  copy_.sweep();
  if (copy_.bytes() != once) violation("a second sweep changed something");
  check_next_operation(is_after ? after_ : before_);
  // And who attaches to the unswept bytes sweeps them first.
  copy_.load(state);
  check_next_operation(is_after ? after_ : before_);
}

void state_checks::check_next_operation(model_world expected) {
  auto engine = copy_.attach(true);
  auto objects = shared_objects::at(engine, *places_);
  objects.set_patience(1s);
  const auto change = [](auto& world) {
    world.together([&] {
      must(world.texts.insert_or_assign(888, std::string(40, 'n')));
      must(world.numbers.insert_or_assign("a name of more than fifteen", 8));
      must(world.queue.push_back({8, 8}));
      must(world.queue.pop_front());
    });
    must(world.box.update([](point& p) { p.y += 1; }));
    must(world.text.append(" and on"));
    world.together_in_order([&] {
      must(world.list.push_back({8, 8}));
      must(world.words.insert(0, std::string(40, 'n')));
      must(world.ordered.insert_or_assign(888, std::string(40, 'n')));
      must(world.ordered.pop_front());
      must(world.index.insert("a name of more than fifteen"));
      must(world.members.insert(888));
      must(world.groups.try_emplace(888));
      must(must(world.groups.at(888)).push_back(std::string(40, 'n')));
      must(world.groups.erase(1));
      must(world.deep.try_emplace(888));
      must(must(world.deep.at(888)).try_emplace(1));
      must(world.deep.pop_front());
    });
  };
  try {
    change(objects);
    must(memory::create_object(
        *engine, "later", "text",
        [](transaction& txn, memory::root& object) {
          shared_string::initialise(txn, object, "a text beyond fifteen");
        },
        true));
  } catch (const std::exception& what) {
    violation(std::string{"the next operation: "} + what.what());
    return;
  }
  change(expected);
  expected.create("later");
  objects = shared_objects::at(copy_.attach(false), *places_);
  engine.reset();
  const auto found = trace_and_read("after the next operation");
  if (found && *found != expected) {
    violation("after the next operation: " + difference(expected, *found));
  }
}

model_world state_checks::swept(const segment_bytes& state) {
  copy_.load(state);
  return sweep_and_read("after the sweep").value_or(model_world{});
}

void state_checks::check_cut_sweep(const segment_bytes& state,
                                   const model_world& wanted) {
  copy_.load(state);
  const auto found = sweep_and_read("after a sweep was cut and repeated");
  if (found && *found != wanted) {
    violation("after a sweep was cut and repeated: " +
              difference(wanted, *found));
  }
}

}  // namespace commy::test
