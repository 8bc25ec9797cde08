#include <gtest/gtest.h>

#include "quantier/engine/builder.h"

namespace quantier {
namespace {

TEST(DeviceChoice, IsParsed) {
  EXPECT_EQ(parse_device("cpu").value(), EngineChoice(EngineKind::kCpu));
  EXPECT_EQ(parse_device("cuda").value(), EngineChoice(EngineKind::kCuda, 0));
  EXPECT_EQ(parse_device("cuda:3").value(), EngineChoice(EngineKind::kCuda, 3));
  for (const char* text : {"", "gpu", "cuda:", "cuda:x", "cuda:1x", "cuda:-1", "cuda:99999999999", "CUDA"})
    EXPECT_FALSE(parse_device(text)) << text;
  EXPECT_EQ(device_text(EngineChoice(EngineKind::kCuda, 2)), "cuda:2");
}

}  // namespace
}  // namespace quantier
