#include <commy/base/log.hpp>
#include <commy/host/plugin_set.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace commy::host {
namespace {

using namespace std::chrono_literals;
constexpr auto stop_within = 5s;

// See `running_plugin`. Reachable until the end, so no leak to any checker.
running_plugin& keep_for_ever(std::unique_ptr<running_plugin> plugin) {
  static std::mutex mutex;
  static auto& all = *new std::vector<std::unique_ptr<running_plugin>>;
  const std::lock_guard hold{mutex};
  return *all.emplace_back(std::move(plugin));
}

}  // namespace

plugin_set::plugin_set(actor_system& actors,
                       std::shared_ptr<handle_resolver> resolver,
                       std::function<std::chrono::nanoseconds()> now)
    : actors_{actors}, resolver_{std::move(resolver)}, now_{std::move(now)} {}

plugin_set::~plugin_set() { static_cast<void>(stop()); }

result<void, plugin_error> plugin_set::start(const manifest& plan,
                                             std::size_t index,
                                             plugin_table table) {
  const auto& entry = plan.plugins()[index];
  manifest_problems problems{plan.origin()};
  const auto options = plan.plugin_options(index, table.options, problems);
  if (!problems.none()) {
    return unexpected{plugin_error::bad_options,
                      problems.all().front().message()};
  }
  const auto version = table.version;
  auto& plugin = keep_for_ever(std::make_unique<running_plugin>(
      std::move(table),
      plugin_services::parts{.id = entry.id,
                             .actors = &actors_,
                             .resolver = resolver_,
                             .now = now_},
      options));
  commy_error error{};
  error.size = sizeof(error);
  const auto status =
      plugin.table.start(plugin.services.table(), &plugin.instance, &error);
  if (status != COMMY_OK) {
    plugin.services.close();
    error.text[sizeof(error.text) - 1] = '\0';
    return unexpected{plugin_error::start_failed, entry.id + ": " + error.text};
  }
  member started{
      &plugin, actors_.supervise({.name = "plugin " + entry.id}), {}};
  auto done = start_actors(entry, started);
  {
    const std::lock_guard hold{mutex_};
    members_.push_back(std::move(started));
  }
  if (done) {
    log(log_level::info, "host",
        "plugin " + entry.id + " " + version + " started with " +
            std::to_string(entry.actors.size()) + " actors");
  }
  return done;
}

result<void, plugin_error> plugin_set::start_actors(const plugin_entry& entry,
                                                    member& started) {
  auto& plugin = *started.plugin;
  const auto& types = plugin.table.types;
  for (const auto& [name, type_name] : entry.actors) {
    const auto type =
        std::find_if(types.begin(), types.end(),
                     [&](const auto& t) { return t.name == type_name; });
    if (type == types.end()) {
      std::string text = entry.id + ": \"" + type_name + "\"; it has";
      for (const auto& t : types)
        text += " \"" + t.name + "\"";
      return unexpected{plugin_error::unknown_actor, text};
    }
    const auto index = static_cast<std::size_t>(type - types.begin());
    auto spawned = started.keeper.try_spawn<plugin_actor>(
        spawn_options{.name = name, .wire = plugin.protocols[index]}, &plugin,
        &*type, name);
    if (!spawned) {
      const auto& why = spawned.error();
      const auto text = entry.id + ", " + name + ": ";
      // What the plugin itself said is the whole story.
      return unexpected{plugin_error::actor_failed,
                        why == spawn_error::constructor_failed
                            ? text + std::string{why.detail().text.view()}
                            : text + why.message()};
    }
    started.actors.push_back(*spawned);
  }
  return {};
}

std::vector<std::string> plugin_set::stop() {
  std::vector<std::string> late;
  while (!members_.empty()) {
    auto last = std::move(members_.back());
    {
      const std::lock_guard hold{mutex_};
      members_.pop_back();
    }
    for (auto& text : stop_one(last))
      late.push_back(std::move(text));
  }
  return late;
}

std::vector<health_report> plugin_set::health() const {
  std::vector<health_report> reports;
  const std::lock_guard hold{mutex_};
  for (const auto& m : members_) {
    health_report report{.name = "plugin " + m.plugin->table.id,
                         .state = health_state::ready,
                         .reason = {}};
    if (m.keeper.gave_up()) {
      report.state = health_state::failed;
      for (const auto& reason : m.keeper.reasons()) {
        report.reason.append(report.reason.empty() ? "" : ": ").append(reason);
      }
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<std::string> plugin_set::stop_one(member& m) {
  auto& plugin = *m.plugin;
  const auto& id = plugin.table.id;
  const auto deadline = std::chrono::steady_clock::now() + stop_within;
  const auto plugin_deadline = now_() + stop_within;
  std::vector<std::string> late;
  for (const auto& actor : m.actors)
    actors_.stop(actor);
  for (const auto& actor : m.actors) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (!actors_.wait_stopped(actor,
                              std::max<std::chrono::nanoseconds>(left, 0ns))) {
      late.push_back("plugin " + id + ": an actor did not stop within 5 s");
    }
  }
  plugin.services.close();
  if (!late.empty()) return late;
  commy_error error{};
  error.size = sizeof(error);
  if (plugin.table.stop(plugin.instance,
                        static_cast<std::uint64_t>(plugin_deadline.count()),
                        &error) != COMMY_OK) {
    error.text[sizeof(error.text) - 1] = '\0';
    late.push_back("plugin " + id + " did not stop: " + error.text);
  }
  return late;
}

}  // namespace commy::host
