#include <commy/actor/reasons.hpp>

namespace commy::actors {
namespace {

void add_exception(reason_chain& chain, const std::exception_ptr& thrown) {
  if (chain.size() == most_reasons) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    chain.emplace_back(e.what());
    try {
      std::rethrow_if_nested(e);
    } catch (...) {
      add_exception(chain, std::current_exception());
    }
  } catch (...) {
    chain.emplace_back("an exception that is no std::exception");
  }
}

}  // namespace

reason_chain describe_exception(const std::exception_ptr& thrown) {
  reason_chain chain;
  add_exception(chain, thrown);
  return chain;
}

reason_chain reason_of(const cell& c, std::string_view what,
                       const std::exception_ptr& thrown) {
  auto why = describe_exception(thrown);
  why.front().insert(0, "actor '" + std::string{cell_name{c}.view()} + "' " +
                            std::string{what} + ": ");
  return why;
}

std::string joined(const reason_chain& chain) {
  std::string text;
  for (const auto& reason : chain) {
    if (!text.empty()) text += "; caused by: ";
    text += reason;
  }
  return text;
}

}  // namespace commy::actors
