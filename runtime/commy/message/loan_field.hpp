// commy/message/loan_field.hpp: loans, and their handles, in messages.
#pragma once

#include <commy/memory/loan.hpp>
#include <commy/memory/ring_cells.hpp>
#include <commy/message/carried_loan.hpp>
#include <commy/message/wire_type.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>

namespace commy {

/// In a layout a handle is a `handle`. Any bits may be one: whether it names
/// something is found out by who adopts it.
template <>
struct wire_field<loan_handle> {
  static constexpr std::string_view kind = "handle";
  static bool accepts(const std::byte* /*field*/) noexcept { return true; }
};

/// A loan in a message is its handle on the wire: who sends the message gives
/// the loan away, who receives it adopts it. `loan<T>` and `loan<const T>` are
/// alike there; which of them a receiver's struct has is its own affair.
template <class T>
struct wire_field<loan<T>> {
  static constexpr std::string_view kind = "loan";
  using wire = loan_handle;
  static bool accepts(const std::byte* /*field*/) noexcept { return true; }
};

namespace message {
namespace detail {

/// Calls `each(place)` for every handle in a T at `place`, in order.
template <class T, class Each>
constexpr void for_each_handle(std::size_t place, Each&& each) {
  if constexpr (std::is_same_v<T, loan_handle>) {
    each(place);
  } else if constexpr (std::is_array_v<T> || std_array<T>::value) {
    using element = element_type<T>;
    for (std::size_t i = 0; i < sizeof(T) / sizeof(element); ++i) {
      for_each_handle<element>(place + i * wire_size<element>(), each);
    }
  } else if constexpr (described<T>) {
    for_each_field<T>([&](auto, auto field, auto offset) {
      for_each_handle<typename decltype(field)::type>(place + offset, each);
    });
  }
}

template <class M>
constexpr std::size_t count_handles() {
  std::size_t count = 0;
  for_each_handle<M>(0, [&](std::size_t) { ++count; });
  return count;
}

}  // namespace detail

/// How many handles a message of type M has.
template <class M>
inline constexpr std::size_t handle_count = detail::count_handles<M>();

/// Where they lie, in bytes from its beginning, in the order of its fields.
template <class M>
inline constexpr auto handle_places = [] {
  std::array<std::uint32_t, handle_count<M>> places{};
  std::size_t next = 0;
  detail::for_each_handle<M>(0, [&](std::size_t place) {
    places[next++] = static_cast<std::uint32_t>(place);
  });
  return places;
}();

namespace detail {

template <class T>
struct is_loan : std::false_type {};
template <class T>
struct is_loan<loan<T>> : std::true_type {};

template <class T>
constexpr std::size_t count_loans() {
  if constexpr (is_loan<T>::value) {
    return 1;
  } else if constexpr (std::is_array_v<T> || std_array<T>::value) {
    return sizeof(T) / sizeof(element_type<T>) * count_loans<element_type<T>>();
  } else if constexpr (described<T>) {
    std::size_t count = 0;
    boost::mp11::mp_for_each<members<T>>([&](auto member) {
      count += count_loans<field_type<T, decltype(member)>>();
    });
    return count;
  } else {
    return 0;
  }
}

/// Calls `each(field, place)` for every loan in `content`, and for every part
/// without loans as a whole, in order; `place` is where it is on the wire. Ends
/// when `each` answers false, and answers that.
template <class T, class Each>
bool for_each_part(T& content, std::size_t place, Each& each) {
  using type = std::remove_const_t<T>;
  if constexpr (is_loan<type>::value || !has_stand_ins<type>()) {
    return each(content, place);
  } else if constexpr (described<type>) {
    bool go_on = true;
    std::size_t offset = 0;
    boost::mp11::mp_for_each<members<type>>([&](auto member) {
      using field = field_type<type, decltype(member)>;
      offset = round_up(offset, wire_align<field>());
      go_on = go_on && for_each_part(content.*decltype(member)::pointer,
                                     place + offset, each);
      offset += wire_size<field>();
    });
    return go_on;
  } else {
    for (auto& element : content) {
      if (!for_each_part(element, place, each)) return false;
      place += wire_size<element_type<type>>();
    }
    return true;
  }
}

}  // namespace detail

/// How many loans a message of type M has.
template <class M>
inline constexpr std::size_t loan_count = detail::count_loans<M>();

/// An M as it goes to another process: bytes with room for the handles, and the
/// loans, which stay in the M until a ring has taken them. Outlived by the M.
template <class M>
class wire_form {
  static_assert(loan_count<M> <= memory::loans_max,
                "commy: a message carries at most eight loans");
  static_assert(handle_count<M> == 0,
                "commy: a message has loans as fields, or handles that are set "
                "from loans passed beside it, not both");

public:
  /// Cost: a copy of what are no loans.
  explicit wire_form(M& content) noexcept {
    std::size_t next = 0;
    const auto encode = [&]<class T>(T& part, std::size_t place) {
      if constexpr (detail::is_loan<T>::value) {
        loans_[next++] = {&part.block(), static_cast<std::uint32_t>(place)};
      } else {
        std::memcpy(bytes_.data() + place, &part, sizeof(T));
      }
      return true;
    };
    detail::for_each_part(content, 0, encode);
  }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return bytes_;
  }
  [[nodiscard]] std::span<const carried_loan> loans() const noexcept {
    return loans_;
  }

private:
  // Zero where no field is: padding tells nobody anything.
  alignas(8) std::array<std::byte, wire_bytes<M>> bytes_{};
  std::array<carried_loan, loan_count<M>> loans_{};
};

/// Builds an M from bytes that came through a ring, and adopts its loans, of
/// participant `owner`, which may be null when M carries none. Every byte is
/// input: fails with `damaged` when it is no M, and as `adopt_loan`; then the
/// loans adopted so far are given back. A handle that names nothing becomes an
/// empty loan. Requires: `bytes` are a private copy. `known`: as for adopting.
template <class M>
[[nodiscard]] result<M, loan_error> from_wire(
    std::span<const std::byte> bytes,
    const std::shared_ptr<memory::engine>& owner,
    const memory::block_place& known) {
  if (bytes.size() != wire_bytes<M> || !wire_accepts<M>(bytes.data())) {
    return unexpected{loan_error::damaged};
  }
  M made{};
  if constexpr (!carries_loans<M>) {
    std::memcpy(&made, bytes.data(), sizeof(M));
  } else {
    std::optional<failure<loan_error>> why;
    const auto decode = [&]<class T>(T& part, std::size_t place) {
      if constexpr (detail::is_loan<T>::value) {
        loan_handle handle;
        std::memcpy(&handle, bytes.data() + place, sizeof handle);
        if (!handle) return true;
        if (owner == nullptr) {
          why = failure{loan_error::wrong_segment};
          return false;
        }
        using element = std::remove_pointer_t<decltype(part.data())>;
        auto adopted = memory::adopt_as<element>(owner, handle, known);
        if (!adopted) {
          why = adopted.error();
          return false;
        }
        part = std::move(*adopted);
      } else {
        std::memcpy(&part, bytes.data() + place, sizeof(T));
      }
      return true;
    };
    if (!detail::for_each_part(made, 0, decode)) return unexpected{*why};
  }
  return made;
}
/// The same, when nothing is known; so actor/wire_entry.hpp declares it.
template <class M>
result<M, loan_error> from_wire(std::span<const std::byte> bytes,
                                const std::shared_ptr<memory::engine>& owner) {
  return from_wire<M>(bytes, owner, memory::block_place{});
}

}  // namespace message
}  // namespace commy
