// tests/crash/state_checks.hpp: what must hold wherever a victim dies.
#pragma once

#include "change_checks.hpp"
#include "explorer.hpp"

#include <support/segment_copy.hpp>

namespace commy::test {

/// Checks states of one victim's segment on copies; see `explore`.
class state_checks {
public:
  state_checks(const memory::geometry& sizes, const model_world& before,
               const model_world& after, exploration& into, bool lends);

  /// The state before the operation: must be the model's.
  void begin(const segment_bytes& state);
  /// Any state on the way.
  void check(const segment_bytes& state);
  /// The state after the operation: must be the model's.
  void end(const segment_bytes& state);

  /// What a sweep makes of a state.
  [[nodiscard]] model_world swept(const segment_bytes& state);
  /// A state in the middle of a sweep: sweeping again must lead to `wanted`.
  void check_cut_sweep(const segment_bytes& state, const model_world& wanted);

private:
  void violation(const std::string& what);
  /// Sweeps the copy and answers what is there then; reports what is unsound.
  std::optional<model_world> sweep_and_read(const char* when);
  std::optional<model_world> trace_and_read(const char* when);
  /// What a reader may see of a state beside the dead one.
  [[nodiscard]] const model_world& seen_old() const {
    return may_be_old_ ? before_ : after_;
  }
  [[nodiscard]] const model_world& seen_fresh() const {
    return may_be_fresh_ ? after_ : before_;
  }
  void check_point_reads(const segment_bytes& state);
  void check_ordered(const shared_objects& objects);
  void check_nested(const shared_objects& objects);
  void check_objects(const std::shared_ptr<memory::engine>& engine);
  void check_survivor(const segment_bytes& state);
  /// Large loans of a survivor, filled.
  std::vector<memory::loan_block> lend(
      const std::shared_ptr<memory::engine>& engine);
  void check_lent(const std::vector<memory::loan_block>& lent);
  void check_sweep(const segment_bytes& state);
  void check_next_operation(model_world expected);

  segment_copy copy_;
  model_world before_;
  model_world after_;
  bool lends_;
  bool may_be_old_ = true;
  bool may_be_fresh_ = true;
  exploration& done_;
  std::optional<shared_objects::places> places_;
  change_checks changes_;
  std::vector<int> text_keys_;
  std::vector<std::string> number_keys_;
  std::vector<int> ordered_keys_;
};

}  // namespace commy::test
