#include <commy/host/json_value.hpp>
#include <commy/host/module_order.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace commy::host {
namespace {

enum class mark : std::uint8_t { fresh, open, done };

class sorter {
public:
  sorter(std::span<const module_description* const> chosen,
         manifest_problems& problems)
      : chosen_{chosen},
        marks_(chosen_.size(), mark::fresh),
        problems_{problems} {}

  std::vector<const module_description*> sort() {
    for (std::size_t i = 0; i < chosen_.size(); ++i)
      visit(i);
    return std::move(order_);
  }

private:
  // Depth first; at most as deep as there are modules (64).
  void visit(std::size_t index) {
    if (marks_[index] == mark::done) return;
    const auto& module = *chosen_[index];
    if (marks_[index] == mark::open) {
      name_circle(module);
      return;
    }
    marks_[index] = mark::open;
    path_.push_back(&module);
    for (const auto need : module.needs) {
      const auto found =
          std::find_if(chosen_.begin(), chosen_.end(),
                       [&](const auto* m) { return m->name == need; });
      if (found == chosen_.end()) {
        problems_.add(manifest_flaw::missing_module, 0, 0,
                      path_to("modules", module.name),
                      "the module needs \"" + std::string{need} +
                          "\", which the manifest does not name; add it to "
                          "\"modules\"");
      } else {
        visit(static_cast<std::size_t>(found - chosen_.begin()));
      }
    }
    path_.pop_back();
    marks_[index] = mark::done;
    order_.push_back(&module);
  }

  void name_circle(const module_description& module) {
    const auto begin = std::find(path_.begin(), path_.end(), &module);
    std::string circle;
    for (auto m = begin; m != path_.end(); ++m) {
      circle.append((*m)->name).append(" needs ");
    }
    circle.append(module.name);
    problems_.add(manifest_flaw::module_cycle, 0, 0,
                  path_to("modules", module.name),
                  "modules need each other in a circle: " + circle);
  }

  std::span<const module_description* const> chosen_;
  std::vector<mark> marks_;
  std::vector<const module_description*> path_;
  std::vector<const module_description*> order_;
  manifest_problems& problems_;
};

}  // namespace

std::vector<const module_description*> order_modules(
    std::span<const module_description* const> chosen,
    manifest_problems& problems) {
  return sorter{chosen, problems}.sort();
}

}  // namespace commy::host
