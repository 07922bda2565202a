// A wire message whose description leaves out a field.
// Expected: commy: BOOST_DESCRIBE_STRUCT leaves out a field
#include <commy/actor/protocol.hpp>

struct price {
  char currency;
  char class_of_goods;
  int cents;
};
BOOST_DESCRIBE_STRUCT(price, (), (currency, cents))

constexpr auto id = commy::wire_id<price>();
