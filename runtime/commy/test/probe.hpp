// commy/test/probe.hpp: stands where a test wants to see what an actor says.
#pragma once

#include <commy/actor/actor_system.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace commy::test {

template <sendable... M>
class probe;

namespace detail {

/// What a probe knows of one kind of message.
template <class M>
struct heard {
  std::deque<M> messages;
  std::size_t count = 0;
};
template <request M>
struct heard<M> {
  std::deque<M> messages;
  std::size_t count = 0;
  std::function<reply_of<M>(const M&)> answer;
};

template <class... M>
struct notebook {
  std::mutex mutex;
  std::tuple<heard<M>...> pages;
};

/// The handler of one kind of message, for all kinds of `All`.
template <class M, class Notes>
class listens {
public:
  explicit listens(std::shared_ptr<Notes> notes) noexcept
      : notes_{std::move(notes)} {}

  reply_of<M> on(M m) {
    std::unique_lock hold{notes_->mutex};
    auto& page = std::get<heard<M>>(notes_->pages);
    ++page.count;
    if constexpr (request<M>) {
      const auto answer = page.answer;
      const M& kept = page.messages.emplace_back(std::move(m));
      if (!answer) {
        throw actor_failure{
            "a probe was asked and has no answer; give it one by answer<M>()"};
      }
      return answer(kept);
    } else {
      page.messages.push_back(std::move(m));
    }
  }

private:
  std::shared_ptr<Notes> notes_;
};

template <class... M>
class probe_actor : public actor, public listens<M, notebook<M...>>... {
public:
  explicit probe_actor(const std::shared_ptr<notebook<M...>>& notes)
      : listens<M, notebook<M...>>{notes}... {}
  using listens<M, notebook<M...>>::on...;
};

}  // namespace detail

/// An actor that takes messages of these types and keeps them, and the hand of
/// the test on it. Messages of a request fail until they are given an answer.
/// Threads: any.
///
///     auto bank = rt.probe<pay, hello>();
///     bank.answer<pay>([](const pay& m) { return m.cents; });
///     ... tell somebody bank.address() ...
///     CHECK(bank.take<pay>()->cents == 3);
template <sendable... M>
class probe {
  static_assert(sizeof...(M) > 0, "name the messages that it takes");
  using notebook = detail::notebook<M...>;

public:
  probe(actor_system& system, std::string_view name)
      : notes_{std::make_shared<notebook>()},
        actor_{system.spawn<detail::probe_actor<M...>>(name, notes_)} {}

  [[nodiscard]] commy::address<M...> address() const { return actor_; }

  /// The oldest message of this type that was not taken yet, if any.
  template <class One>
  std::optional<One> take() {
    const std::lock_guard hold{notes_->mutex};
    auto& page = std::get<detail::heard<One>>(notes_->pages);
    if (page.messages.empty()) return std::nullopt;
    std::optional<One> oldest{std::move(page.messages.front())};
    page.messages.pop_front();
    return oldest;
  }
  /// Messages of this type that came so far, taken or not.
  template <class One>
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard hold{notes_->mutex};
    return std::get<detail::heard<One>>(notes_->pages).count;
  }
  /// From now on requests of this type are answered by `with(request)`.
  template <request One>
  void answer(std::function<reply_of<One>(const One&)> with) {
    const std::lock_guard hold{notes_->mutex};
    std::get<detail::heard<One>>(notes_->pages).answer = std::move(with);
  }

private:
  std::shared_ptr<notebook> notes_;
  ref<detail::probe_actor<M...>> actor_;
};

}  // namespace commy::test
