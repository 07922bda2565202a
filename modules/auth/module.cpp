#include "modules/auth/module.hpp"

#include "modules/auth/key_store.hpp"
#include "modules/auth/refusal_log.hpp"
#include <commy/base/log.hpp>
#include <commy/host/answerer.hpp>
#include <commy/host/messages/authenticate.hpp>
#include <commy/host/module_context.hpp>
#include <commy/platform/file.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>

namespace commy::modules {
namespace {

using auth::key_store;
using auth::store_error;

constexpr std::array options{
    option{.name = "store",
           .summary = "The file that keeps the hashes of keys, relative to the "
                      "manifest; without one, keys live as long as the host"},
    option{.name = "first_key",
           .summary = "Where the key is written that is made when there is "
                      "none yet; for its owner alone to read"},
    option{.name = "principal",
           .summary = "Whose key that is",
           .standard = "owner",
           .minimum = "1",
           .maximum = "64"},
    option{.name = "grants",
           .kind = option_kind::table,
           .summary = "What that key gives: {\"tenant/service/object\": \"read "
                      "watch\"}, each part a name or *; by default read and "
                      "watch on all of the tenant"},
};

/// Knows all keys and answers for them. Runs in the turns of one actor.
class gatekeeper {
public:
  gatekeeper(key_store keys, module_context& context)
      : keys_{std::move(keys)}, context_{&context} {}

  authentication answer(const authenticate& question) {
    if (const auto* who = keys_.find(question.key)) {
      return {.accepted = true, .who = *who, .reason = {}};
    }
    const auto key = auth::api_key::parse(question.key);
    // The id tells the owner of a key which one it was; the rest stays unsaid.
    const auto reason = key ? "unknown or wrong, id " + key->id
                            : std::string{"not a key, or mistyped"};
    const auto line = log_.note(question.origin, reason, context_->now());
    if (!line.empty()) log(log_level::warning, "auth", line);
    return {.accepted = false, .who = {}, .reason = reason};
  }

private:
  key_store keys_;
  auth::refusal_log log_;
  module_context* context_;
};

class auth_module final : public host_module {
public:
  result<void, module_error> configure(const option_values& values,
                                       module_context& context) override {
    context_ = &context;
    const auto path = [&](std::string_view name) {
      return values.has(name) ? context.path_beside_manifest(values.text(name))
                              : std::string{};
    };
    store_path_ = path("store");
    first_key_path_ = path("first_key");
    owner_.name = values.text("principal");
    for (const auto& [pattern, words] : values.table("grants")) {
      const auto rights = auth::parse_rights(words);
      if (!rights || !auth::is_pattern(pattern)) {
        return unexpected{module_error::bad_options,
                          "grants: '" + pattern + "': '" + words +
                              "', wanted \"tenant/service/object\": \"read "
                              "watch\""};
      }
      owner_.grants.push_back({*rights, pattern});
    }
    if (owner_.grants.empty()) {
      owner_.grants.push_back({*auth::parse_rights("read watch"),
                               context.plan().tenant() + "/*/*"});
    }
    return {};
  }

  result<void, module_error> start() override {
    key_store keys;
    if (!store_path_.empty()) {
      auto loaded = key_store::load(store_path_);
      if (loaded) {
        keys = std::move(*loaded);
      } else if (loaded.error() != store_error::not_found) {
        return refuse(loaded.error());
      }
    }
    if (keys.empty()) {
      if (auto made = make_first_key(keys); !made) return made;
    }
    auto started = start_answerer<authenticate>(
        context_->actors(),
        [keeper = std::make_shared<gatekeeper>(std::move(keys), *context_)](
            const authenticate& question) { return keeper->answer(question); });
    if (!started) {
      return unexpected{module_error::failed, started.error().message()};
    }
    answers_ = *started;
    return {};
  }

  result<void, module_error> stop(
      std::chrono::steady_clock::time_point deadline) override {
    // A key that is nowhere stored opens nothing from now on.
    if (wrote_first_key_ && store_path_.empty()) {
      static_cast<void>(platform::remove(first_key_path_));
    }
    if (!answers_) return {};
    context_->actors().stop(*answers_);
    const auto left = deadline - std::chrono::steady_clock::now();
    if (!context_->actors().wait_stopped(
            *answers_, std::max(left, std::chrono::steady_clock::duration{}))) {
      return unexpected{module_error::late, "its actor still works"};
    }
    return {};
  }

private:
  static unexpected<module_error> refuse(const failure<store_error>& why) {
    return {module_error::unavailable, why.message()};
  }

  result<void, module_error> make_first_key(key_store& keys) {
    if (first_key_path_.empty()) {
      return unexpected{module_error::bad_options,
                        "there is no key yet, and first_key does not say where "
                        "to write a new one"};
    }
    const auto text = keys.add(owner_);
    // The key before its hash: should the host die in between, the next start
    // makes another key, and nobody is locked out.
    if (auto done = auth::write_secret(first_key_path_, text + "\n"); !done) {
      return refuse(done.error());
    }
    wrote_first_key_ = true;
    if (!store_path_.empty()) {
      if (auto done = keys.save(store_path_); !done) {
        return refuse(done.error());
      }
    }
    log(log_level::info, "auth",
        "made a key for " + owner_.name + ", see " + first_key_path_);
    return {};
  }

  module_context* context_ = nullptr;
  std::string store_path_;
  std::string first_key_path_;
  principal owner_;
  bool wrote_first_key_ = false;
  std::optional<ref<answerer<authenticate>>> answers_;
};

}  // namespace

const module_description& auth() {
  static const module_description description{
      .name = "auth",
      .summary = "Knows API keys and what they give",
      .options = options,
      .make = [] { return std::unique_ptr<host_module>{new auth_module}; }};
  return description;
}

}  // namespace commy::modules
