// A process draws tiles of a map for whoever asks. Each is four megabytes, and
// the reply is a loan: what was drawn is looked at where it lies, and goes back
// when the viewer drops it.
#include <commy/actor/protocol.hpp>
#include <commy/host/segment_mail.hpp>
#include <commy/memory/segment.hpp>
#include <commy/message/loan_field.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/process.hpp>

#include <boost/describe.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

inline constexpr std::size_t tile_side = 1024;

struct tile {
  commy::loan<const std::uint32_t> pixels;  // The viewer only looks.
  std::int32_t x = 0;
  std::int32_t y = 0;
};
BOOST_DESCRIBE_STRUCT(tile, (), (pixels, x, y))

struct draw {
  using reply = tile;
  std::int32_t x = 0;
  std::int32_t y = 0;
};
BOOST_DESCRIBE_STRUCT(draw, (), (x, y))

namespace {

class painter : public commy::actor {
public:
  using protocol = commy::messages<draw>;
  explicit painter(commy::segment shared) : shared_{std::move(shared)} {}

  // When the segment is full, `value` throws, and the asker is told.
  tile on(const draw& m) {
    auto pixels = commy::try_loan_for_overwrite<std::uint32_t>(
                      shared_, tile_side * tile_side)
                      .value();
    std::ranges::fill(pixels.span(), static_cast<std::uint32_t>(m.x * m.y));
    return {std::move(pixels), m.x, m.y};
  }

private:
  commy::segment shared_;
};

int paint() {
  const auto shared = commy::segment::open("map").value();
  commy::actor_system actors{{.workers = 1}};
  commy::segment_mail mail{actors};
  mail.open(shared).value();
  mail.publish("painter", actors.spawn<painter>("painter", shared)).value();
  auto parent = commy::platform::parent_lifeline::from_environment().value();
  while (!parent.wait_for_loss(1h)) {
  }
  return 0;
}

int view() {
  const auto shared =
      commy::segment::open_or_create("map", {.capacity = 64U << 20U}).value();
  commy::actor_system actors{{.workers = 1}};
  commy::segment_mail mail{actors};
  mail.open(shared).value();
  commy::platform::spawn_options child;
  child.program = commy::platform::executable_path();
  child.arguments = {"paint"};
  const auto process = commy::platform::child_process::spawn(child).value();
  const auto artist =
      mail.wait_for<draw>(shared, "painter", clock_type::now() + 30s).value();
  // More than the segment has room for at a time: each goes back with its end.
  std::uint64_t sum = 0;
  for (std::int32_t y = 1; y <= 8; ++y) {
    for (std::int32_t x = 1; x <= 8; ++x) {
      const auto got = actors.ask(artist, draw{x, y}, 10s).value();
      for (const auto pixel : got.pixels.span())
        sum += pixel;
    }
  }
  std::printf("64 tiles, %zu MiB, without a copy; the mean is %.2f\n",
              64 * tile_side * tile_side * 4 >> 20U,
              static_cast<double>(sum) / (64.0 * tile_side * tile_side));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "paint") return paint();
  const int code = view();
  commy::segment::remove("map").value();
  return code;
}
