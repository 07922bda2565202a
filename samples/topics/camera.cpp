// A camera's pictures, drawn once and seen by all viewers without a copy.
#include <commy/message/shared_topic.hpp>

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <string_view>
#include <thread>

using namespace commy;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

/// Grey, 120 by 120. The last one of a film is marked.
struct picture {
  std::uint32_t number;
  bool last;
  std::uint8_t pixels[120][120];
};
BOOST_DESCRIBE_STRUCT(picture, (), (number, last, pixels))

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  auto video = segment::open_or_create("samples/camera").value();
  // A viewer must not lose a picture, so the camera waits for the slowest; one
  // that is killed holds it up no longer.
  auto screen =
      shared_topic<picture>::open_or_create(
          video, "screen", {.depth = 8, .slow = slow_reader::hold_publisher})
          .value();
  if (what == "film" && count == 4) {
    const auto pictures = std::strtoul(arguments[2], nullptr, 10);
    const auto viewers = std::strtoul(arguments[3], nullptr, 10);
    while (screen.statistics().subscribers.size() < viewers) {
      // Somebody who subscribes changes no object, so there is nothing to wait
      // for; a camera has its own pace anyway.
      std::this_thread::sleep_for(1ms);
    }
    for (std::uint32_t i = 1; i <= pictures; ++i) {
      auto next = try_loan_for_overwrite<picture>(video).value();
      next->number = i;
      next->last = i == pictures;
      for (auto& row : next->pixels)
        std::iota(std::begin(row), std::end(row), static_cast<std::uint8_t>(i));
      screen.publish(std::move(next), clock_type::now() + 60s).value();
    }
    std::printf("%lu pictures\n", pictures);
  } else if (what == "view") {
    auto pictures = screen.subscribe().value();
    std::uint64_t seen = 0;
    std::uint64_t light = 0;
    for (bool last = false; !last && pictures.wait(clock_type::now() + 60s);) {
      while (const auto next = pictures.try_take()) {
        ++seen;
        light += next->pixels[60][60];
        last = next->last;
      }
    }
    std::printf("saw %llu pictures, %llu of light\n",
                static_cast<unsigned long long>(seen),
                static_cast<unsigned long long>(light));
  } else {
    std::printf(
        "Usage: camera film PICTURES VIEWERS | view\n\nFilms when so many "
        "look; "
        "start viewers in other terminals, and kill any of them.\n");
    return what == "--help" ? 0 : 2;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "camera: %s\n", failure.what());
  return 1;
}
