// Uses what an installed Commy offers; its exit code says whether it worked.
#include <commy/actor/actor.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/host/runtime.hpp>
#include <commy/memory/segment.hpp>

#include <chrono>
#include <cstdio>
#include <exception>

namespace {

struct add {
  using reply = int;
  int amount = 0;
};

class counter : public commy::actor {
public:
  int on(add message) { return total_ += message.amount; }

private:
  int total_ = 0;
};

int run(const char* folder) {
  using namespace std::chrono_literals;
  commy::segment_options options;
  options.folder = folder;
  auto shop = commy::segment::open_or_create("shop", options).value();
  auto stock =
      shop.open_or_create<commy::shared_hash_map<int, int>>("stock").value();
  stock.insert_or_assign(7, 40).value();

  commy::runtime_options hosted;
  hosted.segment_folder = folder;
  const auto plan =
      commy::manifest::from_text(R"({"name": "consumer"})", "main.cpp", folder,
                                 [](auto) { return std::nullopt; })
          .value();
  auto host = commy::runtime::start(plan, {}, hosted).value();
  const auto sums = host.spawn<counter>("sums");
  const auto sum = host.ask(sums, add{stock.get(7).value() + 2}, 20s).value();
  return sum == 42 && host.stop().late.empty() ? 0 : 1;
}

}  // namespace

int main(int, char** arguments) {
  try {
    return run(arguments[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "consumer: %s\n", e.what());
    return 2;
  }
}
