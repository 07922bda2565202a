#include <commy/message/wire_type.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstring>

namespace shop {

enum class colour : std::uint8_t { red, green };

struct price {
  std::uint32_t cents;
  bool final;
};
BOOST_DESCRIBE_STRUCT(price, (), (cents, final))

struct order {
  using reply = price;
  std::uint64_t sku;
  std::int16_t count;
  colour paint;
  std::array<char, 3> note;
  double weights[2];
  price offer;
};
BOOST_DESCRIBE_STRUCT(order, (), (sku, count, paint, note, weights, offer))

struct reset {};
BOOST_DESCRIBE_STRUCT(reset, (), ())

namespace renamed {
struct reset {
  static constexpr std::string_view wire_name = "shop::reset";
};
BOOST_DESCRIBE_STRUCT(reset, (), ())
}  // namespace renamed

struct swapped {
  std::uint32_t a;
  std::uint32_t b;
};
BOOST_DESCRIBE_STRUCT(swapped, (), (b, a))

}  // namespace shop

TEST_CASE("a layout names the message and every field with type and place") {
  STATIC_CHECK(commy::wire_layout<shop::order>() ==
               "shop::order {sku: u64 @0, count: i16 @8, paint: shop::colour "
               "u8 @10, note: char[3] @11, weights: f64[2] @16, offer: {cents: "
               "u32 @0, final: bool @4} 8 @32} 40 -> {cents: u32 @0, final: "
               "bool @4} 8");
  STATIC_CHECK(commy::wire_layout<shop::reset>() == "shop::reset {} 1");
}

TEST_CASE("the id follows name and layout and nothing else") {
  STATIC_CHECK(commy::wire_id<shop::reset>() ==
               commy::wire_id<shop::renamed::reset>());
  STATIC_CHECK(commy::wire_id<shop::reset>() != commy::wire_id<shop::price>());
  // Written down so that another compiler, or a later version, is caught.
  STATIC_CHECK(commy::wire_id<shop::reset>() ==
               commy::message_id{0xaed682472de983db});
}

TEST_CASE("a bool that is neither true nor false is refused") {
  std::array<std::byte, sizeof(shop::order)> bytes{};
  CHECK(commy::wire_accepts<shop::order>(bytes.data()));

  bytes[36] = std::byte{1};
  CHECK(commy::wire_accepts<shop::order>(bytes.data()));

  bytes[36] = std::byte{2};
  CHECK_FALSE(commy::wire_accepts<shop::order>(bytes.data()));
}

TEST_CASE("a description in another order than the declaration is found out") {
  CHECK(commy::wire_layout_is_real<shop::order>());
  CHECK(commy::wire_layout_is_real<shop::reset>());
  CHECK_FALSE(commy::wire_layout_is_real<shop::swapped>());
}
