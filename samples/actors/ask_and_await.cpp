// A handler asks others and waits for their answers, without blocking a thread;
// the last question gets none, because who is asked has gone home.
#include <commy/actor/actor_system.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

namespace {

struct price_of {
  using reply = int;
  std::string article;
};
struct reserve {
  using reply = bool;
  std::string article;
};
struct buy {
  using reply = std::string;
  std::string article;
};

class price_list : public commy::actor {
public:
  int on(const price_of& m) { return 10 * static_cast<int>(m.article.size()); }
};

class shelf : public commy::actor {
public:
  bool on(const reserve&) { return left_-- > 0; }

private:
  int left_ = 2;
};

class till : public commy::actor {
public:
  till(commy::ref<price_list> prices, commy::ref<shelf> goods)
      : prices_{prices}, goods_{goods} {}

  // While it waits, other customers stand in line: what it has found out stays
  // true until it answers.
  commy::task<std::string> on(buy m) {
    // Messages that own memory are made before: what g++ 12 needs.
    const price_of question{m.article};
    const auto price = co_await ask(prices_, question, 1s);
    if (!price) co_return "no price: " + std::string{price.error().message()};
    reserve order{m.article};
    const auto got = co_await ask(goods_, commy::moved(order), 1s);
    if (!got || !*got) co_return "sold out";
    co_return m.article + " for " + std::to_string(*price);
  }

private:
  commy::ref<price_list> prices_;
  commy::ref<shelf> goods_;
};

}  // namespace

int main() {
  commy::actor_system shop;
  const auto prices = shop.spawn<price_list>("prices");
  const auto goods = shop.spawn<shelf>("goods");
  const auto desk = shop.spawn<till>("desk", prices, goods);
  for (const auto* const article : {"tea", "honey", "bread"}) {
    std::printf("%s\n", shop.ask(desk, buy{article}, 5s).value().c_str());
  }
  shop.stop(prices);
  if (!shop.wait_stopped(prices, 5s)) return 1;
  std::printf("%s\n", shop.ask(desk, buy{"salt"}, 5s).value().c_str());
}
