// A library that cannot be loaded without another.
#ifdef _WIN32
#define EXPORTED extern "C" __declspec(dllexport)
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

extern "C" int commy_test_needed();
EXPORTED int commy_test_needy() { return commy_test_needed(); }
