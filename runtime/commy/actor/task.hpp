// commy/actor/task.hpp: what a handler that waits returns.
#pragma once

#include <commy/message/envelope_pool.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace commy {

template <class T>
class task;
template <class T>
class interleaved;

namespace message {
struct envelope;
}  // namespace message

namespace actors {

template <class T>
class ask_operation;
template <class T>
class tell_operation;
class pause_operation;

template <class T>
inline constexpr bool awaitable_in_handler = false;
template <>
inline constexpr bool awaitable_in_handler<pause_operation> = true;
template <class T>
inline constexpr bool awaitable_in_handler<task<T>> = true;
template <class T>
inline constexpr bool awaitable_in_handler<ask_operation<T>> = true;
template <class T>
inline constexpr bool awaitable_in_handler<tell_operation<T>> = true;

/// What all tasks share. The frame comes from the thread's message pools.
struct promise_base {
  std::coroutine_handle<> self;
  std::coroutine_handle<> continuation;  // Null: the handler's own coroutine.
  std::exception_ptr thrown;
  /// Of a handler's own coroutine: takes the result, or throws what it threw,
  /// and answers the request.
  void (*complete)(promise_base&, message::envelope&) = nullptr;
  /// Of a handler's own coroutine: others may run while it waits.
  bool interleaves = false;

  static void* operator new(std::size_t bytes) {
    auto* const block =
        message::allocate_block(bytes, message::size_class_for(bytes));
    if (block == nullptr) throw std::bad_alloc{};
    return block;
  }
  static void operator delete(void* block, std::size_t bytes) noexcept {
    message::deallocate_block(block, message::size_class_for(bytes));
  }

  struct hand_back {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> done) const noexcept {
      const auto next = done.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  hand_back final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }

  // By value: g++ 12 refuses to keep a reference to a temporary here.
  template <class T>
  T await_transform(T awaited) const noexcept {
    static_assert(awaitable_in_handler<T>,
                  "commy: a task may co_await only its actor's ask(...), "
                  "tell(..., timeout) and pause(...), and other tasks; "
                  "whatever else would resume it outside of the actor's turn");
    return awaited;
  }

  void rethrow() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

template <class T>
struct promise : promise_base {
  std::optional<T> value;

  task<T> get_return_object() noexcept;
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    rethrow();
    return std::move(*value);
  }
};

template <>
struct promise<void> : promise_base {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

}  // namespace actors

/// A handler's work that may wait: `commy::task<receipt> on(pay m)`. While it
/// waits, its actor takes no other message, so what held before a `co_await`
/// holds after it; messages meanwhile queue up. When the actor stops, waiting
/// tasks are destroyed before the actor's members.
///
/// A task may also be a step of another: `co_await step(x)`. It starts when it
/// is awaited. Threads: runs only inside its actor's turns, which may be on
/// different threads. Take messages by value: parameters live in the frame.
template <class T = void>
class [[nodiscard]] task {
public:
  using promise_type = actors::promise<T>;

  task(task&& other) noexcept : frame_{std::exchange(other.frame_, {})} {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      destroy();
      frame_ = std::exchange(other.frame_, {});
    }
    return *this;
  }
  ~task() { destroy(); }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<> outer) noexcept {
    frame_.promise().continuation = outer;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

  /// The frame, which the caller now owns. For the runtime.
  std::coroutine_handle<promise_type> release() noexcept {
    return std::exchange(frame_, {});
  }

private:
  friend promise_type;
  explicit task(std::coroutine_handle<promise_type> frame) noexcept
      : frame_{frame} {}
  void destroy() noexcept {
    if (frame_) frame_.destroy();
  }

  std::coroutine_handle<promise_type> frame_;
};

/// As `task`, for a handler that lets its actor handle other messages while it
/// waits: `commy::interleaved<receipt> on(pay m)`. What held before a
/// `co_await` need not hold after it. So it may ask an actor that asks this
/// one, or this one itself, without a cycle; a deadlock of other handlers that
/// it is a part of is ended by their timeouts alone. At most 1024 handlers of
/// an actor wait so; one more waits as a `task` does. Messages keep the order
/// in which their handlers begin. Its message must be taken by value or lives
/// until the handler ends. Cost: some 200 ns more than a `task` per wait.
template <class T = void>
class [[nodiscard]] interleaved {
public:
  using promise_type = actors::promise<T>;

  // Implicit: what the promise makes is a task.
  interleaved(task<T> work) noexcept : work_{std::move(work)} {}

  /// For the runtime.
  task<T> release() noexcept { return std::move(work_); }

private:
  task<T> work_;
};

namespace actors {

template <class T>
task<T> promise<T>::get_return_object() noexcept {
  const auto frame = std::coroutine_handle<promise>::from_promise(*this);
  self = frame;
  return task<T>{frame};
}

inline task<void> promise<void>::get_return_object() noexcept {
  const auto frame = std::coroutine_handle<promise>::from_promise(*this);
  self = frame;
  return task<void>{frame};
}

}  // namespace actors
}  // namespace commy
