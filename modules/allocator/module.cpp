#include "modules/allocator/module.hpp"

#include "modules/allocator/segment_claim.hpp"
#include <commy/base/log.hpp>
#include <commy/host/answerer.hpp>
#include <commy/host/messages/segments.hpp>
#include <commy/host/module_context.hpp>
#include <commy/host/quantity.hpp>
#include <commy/platform/file.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace commy::modules {
namespace {

using allocator::claim_error;
using allocator::claim_options;
using allocator::leftover_policy;
using allocator::segment_claim;

constexpr std::array options{
    option{.name = "segments",
           .kind = option_kind::table,
           .summary = "The services of this tenant, each a segment, and how "
                      "large it may grow: {\"pulse\": \"1GiB\"}; multiples of "
                      "64MiB",
           .required = true},
    option{.name = "leftovers",
           .summary = "What to do with a segment that a killed host left",
           .standard = "adopt",
           .choices = "adopt|remove"},
    option{.name = "keep",
           .kind = option_kind::boolean,
           .summary = "Keep the segments when the host stops",
           .standard = "false"},
    option{.name = "minimum_free",
           .kind = option_kind::bytes,
           .summary = "Refuse to begin a segment with less memory free",
           .standard = "16MiB"},
};

// Geometry's own bounds, checked here to name the option in the message.
constexpr std::uint64_t capacity_step = 64ULL << 20U;
constexpr std::uint64_t capacity_max = 1ULL << 40U;

unexpected<module_error> fail(const failure<claim_error>& why) {
  return {module_error::unavailable, why.message()};
}

class allocator_module final : public host_module {
public:
  result<void, module_error> configure(const option_values& values,
                                       module_context& context) override {
    context_ = &context;
    keep_ = values.boolean("keep");
    folder_ = context.segment_folder();
    for (const auto& [service, size] : values.table("segments")) {
      const auto capacity = host::parse_bytes(size);
      if (!capacity || *capacity == 0 || *capacity % capacity_step != 0 ||
          *capacity > capacity_max) {
        return unexpected{module_error::bad_options,
                          "segments." + service + " is '" + size +
                              "', wanted a multiple of 64MiB up to 1TiB"};
      }
      wanted_.push_back({.name = context.plan().tenant() + "/" + service,
                         .folder = folder_,
                         .capacity_bytes = *capacity,
                         .leftovers = values.text("leftovers") == "remove"
                                          ? leftover_policy::remove
                                          : leftover_policy::adopt,
                         .minimum_free_bytes = values.bytes("minimum_free")});
      services_.push_back(service);
    }
    return {};
  }

  result<void, module_error> start() override {
    std::vector<segment_entry> entries;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      auto claim = allocator::claim_segment(wanted_[i]);
      if (!claim) return fail(claim.error());
      tell_of(*claim, wanted_[i]);
      claims_.push_back(std::move(*claim));
      if (auto served = context_->serve(claims_.back().held); !served) {
        return unexpected{module_error::unavailable,
                          wanted_[i].name + ": " + served.error().message()};
      }
      entries.push_back({.tenant = context_->plan().tenant(),
                         .service = services_[i],
                         .name = wanted_[i].name,
                         .folder = folder_,
                         .capacity_bytes = wanted_[i].capacity_bytes});
    }
    auto started = start_answerer<list_segments>(
        context_->actors(),
        [entries](const list_segments&) { return entries; });
    if (!started) {
      return unexpected{module_error::failed, started.error().message()};
    }
    answers_ = *started;
    return {};
  }

  result<void, module_error> stop(
      std::chrono::steady_clock::time_point deadline) override {
    bool late = false;
    if (answers_) {
      auto& actors = context_->actors();
      actors.stop(*answers_);
      const auto left = deadline - std::chrono::steady_clock::now();
      late = !actors.wait_stopped(
          *answers_, std::max(left, std::chrono::steady_clock::duration{}));
    }
    // Those that a failed start did not come to are somebody else's still.
    const auto ours = claims_.size();
    claims_.clear();
    if (!keep_) remove_first(ours);
    if (late) return unexpected{module_error::late, "its actor still works"};
    return {};
  }

private:
  void tell_of(const segment_claim& claim, const claim_options& what) const {
    auto text = what.name + (claim.adopted ? ": adopted" : ": created");
    if (claim.swept > 0) {
      text += ", swept " + std::to_string(claim.swept) + " dead";
    }
    log(log_level::info, "allocator", text);
    const auto room = platform::free_space(folder_);
    const auto used = claim.held.statistics().committed_bytes;
    if (room && *room + used < what.capacity_bytes) {
      log(log_level::warning, "allocator",
          what.name + ": may grow to " +
              host::print_bytes(what.capacity_bytes) + ", but " + folder_ +
              " has only " + std::to_string(*room >> 20U) + " MiB free");
    }
  }

  void remove_first(std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      const auto& what = wanted_[i];
      const auto gone =
          segment::remove(what.name, {.folder = folder_, .participant = {}});
      if (!gone && gone.error() != segment_error::not_found) {
        log(log_level::warning, "allocator",
            "left behind: " + gone.error().message());
      }
    }
    // Only when it is empty: others' segments keep it.
    static_cast<void>(
        platform::remove(folder_ + "/" + context_->plan().tenant()));
  }

  module_context* context_ = nullptr;
  bool keep_ = false;
  std::string folder_;
  std::vector<std::string> services_;
  std::vector<claim_options> wanted_;  // One for each of `services_`.
  std::vector<segment_claim> claims_;
  std::optional<ref<answerer<list_segments>>> answers_;
};

}  // namespace

const module_description& allocator() {
  static const module_description description{
      .name = "allocator",
      .summary = "Creates, adopts and removes the segments of this tenant",
      .options = options,
      .make = [] {
        return std::unique_ptr<host_module>{new allocator_module};
      }};
  return description;
}

}  // namespace commy::modules
