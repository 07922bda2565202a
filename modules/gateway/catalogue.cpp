#include "modules/gateway/catalogue.hpp"

#include "modules/gateway/limits.hpp"

#include <algorithm>
#include <variant>

namespace commy::gateway {
namespace {

constexpr std::size_t list_max = 10'000;

/// Keys that are one text each, so that a client can ask for one.
bool has_entries(const type_tree& type) {
  if (type.kind == type_kind::hash_map) return true;
  if (type.kind != type_kind::btree_map) return false;
  const auto key = type.parameters[0].kind;
  return key == type_kind::text || key == type_kind::boolean ||
         key == type_kind::signed_integer || key == type_kind::unsigned_integer;
}

class object_source final : public source {
public:
  explicit object_source(dynamic_object object) : object_{std::move(object)} {
    object_.set_patience(read_patience);
  }

  [[nodiscard]] shape how() const noexcept override {
    const auto& type = object_.type();
    if (has_entries(type)) return shape::entries;
    if (type.kind == type_kind::vec_deque) return shape::queue;
    const bool is_record = type.kind == type_kind::box &&
                           type.parameters[0].kind == type_kind::record;
    return is_record ? shape::entries : shape::whole;
  }
  [[nodiscard]] std::string type() const override {
    return object_.type_line();
  }
  [[nodiscard]] result<reading, read_error> read(range part) override {
    return object_.read(part);
  }
  [[nodiscard]] result<dynamic_value, read_error> get(
      std::string_view key) override {
    if (has_entries(object_.type())) return object_.get(key);
    if (how() != shape::entries) return unexpected{read_error::absent};
    auto all = object_.read();
    if (!all) return unexpected{all.error()};
    return member_of(all->value, key);
  }
  [[nodiscard]] bool wait(std::uint64_t seen,
                          std::chrono::nanoseconds at_most) override {
    return object_.wait_for_change(seen, at_most);
  }

private:
  dynamic_object object_;
};

}  // namespace

std::string_view describe(shape how) noexcept {
  switch (how) {
    case shape::entries:
      return "entries";
    case shape::queue:
      return "queue";
    case shape::whole:
      return "whole";
  }
  return "unknown";
}

result<dynamic_value, read_error> member_of(const dynamic_value& record,
                                            std::string_view key) {
  const auto* const fields = std::get_if<dynamic_value::record>(&record.held);
  if (fields == nullptr) return unexpected{read_error::absent};
  const auto found = std::ranges::find(
      *fields, key, [](const auto& f) { return std::string_view{f.first}; });
  if (found == fields->end()) return unexpected{read_error::absent};
  return found->second;
}

void catalogue::add(segment shared, std::string name) {
  services_.push_back({std::move(shared), std::move(name)});
}

void catalogue::add(std::string name, std::shared_ptr<source> own) {
  own_.emplace_back(std::move(name), std::move(own));
}

result<std::shared_ptr<source>, open_error> catalogue::find(
    const object_path& path) const {
  const auto absent = [&] {
    return unexpected{open_error::not_found, path.text()};
  };
  if (path.tenant != tenant_) return absent();
  if (path.is_system()) {
    const auto found = std::ranges::find(
        own_, path.object, [](const auto& own) { return own.first; });
    if (found == own_.end()) return absent();
    return found->second;
  }
  const auto found = std::ranges::find(services_, path.service, &service::name);
  if (found == services_.end()) return absent();
  auto object = dynamic_object::open(found->shared, path.object);
  if (!object) return unexpected{object.error()};
  return std::shared_ptr<source>{
      std::make_shared<object_source>(std::move(*object))};
}

std::vector<catalogue::entry> catalogue::list() const {
  std::vector<entry> all;
  all.reserve(own_.size());
  for (const auto& [name, own] : own_) {
    all.push_back({{tenant_, std::string{object_path::system_service}, name},
                   own->type()});
  }
  for (const auto& s : services_) {
    auto objects = s.shared.objects();
    if (!objects) continue;
    for (auto& object : *objects) {
      if (all.size() == list_max) return all;
      all.push_back(
          {{tenant_, s.name, std::move(object.name)}, std::move(object.type)});
    }
  }
  std::ranges::sort(all, {}, [](const entry& e) { return e.path.text(); });
  return all;
}

}  // namespace commy::gateway
