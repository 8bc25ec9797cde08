#include "quantier/decide/hardware_table.h"

#include <set>

#include <gtest/gtest.h>

namespace quantier {
namespace {

Support support(const char* device, Technique technique) {
  return technique_support(*find_device(device), technique).support;
}

TEST(HardwareTable, EveryRateHasASource) {
  std::set<std::string_view> names;
  for (const Device& device : device_table()) {
    EXPECT_TRUE(names.insert(device.name).second);
    EXPECT_GT(device.bandwidth_giga, 0) << device.name;
    EXPECT_FALSE(device.bandwidth_source.empty()) << device.name;
    EXPECT_FALSE(device.rates.empty()) << device.name;
    for (const DeviceRate& rate : device.rates) {
      EXPECT_FALSE(rate.source.empty()) << device.name;
      EXPECT_GT(rate.sustained_tera, 0) << device.name;
      EXPECT_GE(rate.burst_tera, rate.sustained_tera) << device.name;
    }
  }
  for (const char* name : {"t4", "L4", "A10G", "a100", "H100", "cpu"}) EXPECT_NE(find_device(name), nullptr);
  EXPECT_EQ(find_device("t40"), nullptr);
  EXPECT_EQ(find_device(""), nullptr);
}

TEST(HardwareTable, WhatAT4Has) {
  EXPECT_EQ(support("t4", Technique::kFp16), Support::kNative);
  EXPECT_EQ(support("t4", Technique::kInt8), Support::kNative);
  EXPECT_EQ(support("t4", Technique::kInt4Int4), Support::kNative);
  EXPECT_EQ(support("t4", Technique::kBf16), Support::kEmulated);
  EXPECT_EQ(support("t4", Technique::kFp8), Support::kAbsent);
  EXPECT_FALSE(rate_for(*find_device("t4"), Arithmetic::kFp8).has_value());
  // bf16 there is float.
  EXPECT_EQ(rate_for(*find_device("t4"), Arithmetic::kBf16)->arithmetic, Arithmetic::kF32);
}

TEST(HardwareTable, WhatOthersHave) {
  for (const char* ampere : {"a10", "a10g", "a100"}) {
    EXPECT_EQ(support(ampere, Technique::kBf16), Support::kNative);
    EXPECT_EQ(support(ampere, Technique::kFp8), Support::kAbsent);
    EXPECT_EQ(support(ampere, Technique::kInt4Int4), Support::kNative);
  }
  for (const char* newer : {"l4", "h100"}) EXPECT_EQ(support(newer, Technique::kFp8), Support::kNative);
  EXPECT_EQ(support("h100", Technique::kInt4Int4), Support::kAbsent);
  EXPECT_EQ(support("cpu", Technique::kFp16), Support::kEmulated);
  // Stored in 4 bits everywhere; what its fast kernels need is not.
  const auto int4 = [](const char* name) {
    return std::string(support_words(technique_support(*find_device(name), Technique::kInt4WeightOnly)));
  };
  EXPECT_EQ(int4("t4"), "storage, slow");
  for (const char* name : {"a10", "a100", "l4", "h100", "cpu"}) EXPECT_EQ(int4(name), "storage only") << name;
  EXPECT_EQ(rate_for(*find_device("cpu"), Arithmetic::kF16)->arithmetic, Arithmetic::kF32);
  for (const Device& device : device_table()) {
    EXPECT_EQ(technique_support(device, Technique::kNf4).support, Support::kStorage) << device.name;
    for (const Technique technique : all_techniques()) {
      const TechniqueSupport row = technique_support(device, technique);
      EXPECT_FALSE(row.needs.empty()) << device.name << technique_name(technique);
      if (row.support == Support::kNative) {
        EXPECT_TRUE(row.has_need) << device.name << technique_name(technique);
      }
      if (row.support != Support::kNative) {
        EXPECT_FALSE(row.reason.empty()) << device.name << technique_name(technique);
      }
    }
  }
}

}  // namespace
}  // namespace quantier
