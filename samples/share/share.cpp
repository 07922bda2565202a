// Any number of these share one order book; kill any of them at any time.
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_vec_deque.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/segment.hpp>

#include <cstdio>

struct order {
  int item;
  int pieces;
};
BOOST_DESCRIBE_STRUCT(order, (), (item, pieces))

int main() {
  using namespace commy;
  auto shop = segment::open_or_create("shop").value();
  auto stock = shop.open_or_create<shared_hash_map<int, int>>("stock").value();
  auto orders = shop.open_or_create<shared_vec_deque<order>>("orders").value();

  stock.insert(7, 1'000'000).value();  // Only if there is none yet.
  // Both happen or neither, also when this process is killed in between.
  transact(stock, orders, [&](transaction&) {
    stock.update(7, [](int& pieces) { pieces -= 3; }).value();
    orders.push_back({.item = 7, .pieces = 3}).value();
  }).value();  // Throws one sentence that says what, where, and what to do.

  // No lock: any number of processes look while others write.
  std::printf("%d pieces left, %d orders\n", stock.get(7).value(),
              static_cast<int>(orders.size().value()));
}
