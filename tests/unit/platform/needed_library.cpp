// A library that another one needs, and that is not there when it is loaded.
#ifdef _WIN32
#define EXPORTED extern "C" __declspec(dllexport)
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

EXPORTED int commy_test_needed() { return 1; }
