// Hopper's own instructions (sm_90a): barriers in shared memory that count bytes, tiles that arrive by the
// tensor memory accelerator, products of a warpgroup that reads both operands from shared memory.
//
// Source: PTX ISA 8.x, "mbarrier", "cp.async.bulk.tensor", "wgmma.mma_async"; tiles have the 128-byte
// swizzle: rows of 128 bytes, the 16-byte chunk c of row r stands at c ^ (r % 8).
#pragma once

#include <cstdint>
#include <cuda.h>

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

__device__ __forceinline__ void init_barrier(std::uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals));
}

__device__ __forceinline__ void expect_bytes(std::uint32_t barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}

// A shared address as another block of the cluster, or this one, is to use it.
__device__ __forceinline__ std::uint32_t address_in(std::uint32_t block, std::uint32_t address) {
  std::uint32_t there = 0;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address), "r"(block));
  return there;
}
// At a barrier of a block of the cluster. Of the memory it orders nothing beyond this block: what was read
// before was read by finished products. (A release for the cluster waits for all of the block's stores,
// longer than a slice takes.)
__device__ __forceinline__ void arrive_there(std::uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void arrive_here(std::uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void wait_for(std::uint32_t barrier, int parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "wait:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@done bra.uni finished;\n"
      "bra.uni wait;\n"
      "finished:\n"
      "}" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

// When barriers have been set up: orders nothing in memory besides (fence.mbarrier_init).
__device__ __forceinline__ void meet_cluster() {
  asm volatile("barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// Before a block ends: what it did to another's barriers has been done when both have come here. The release
// waits for all of the block's stores, too.
__device__ __forceinline__ void leave_cluster() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
__device__ __forceinline__ std::uint32_t block_in_cluster() {
  std::uint32_t rank = 0;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

// The 128 threads of a warpgroup wait for each other.
__device__ __forceinline__ void sync_group(int group) {
  asm volatile("bar.sync %0, 128;" ::"r"(group + 1) : "memory");
}

// A box of a matrix to shared memory; `barrier` counts its bytes.
__device__ __forceinline__ void copy_box(const CUtensorMap& map, int x, int y, std::uint32_t to,
                                         std::uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], "
      "[%2];" ::"r"(to),
      "l"(&map), "r"(barrier), "r"(x), "r"(y)
      : "memory");
}
// The same to the same place in all blocks of `mask`, each with its own barrier.
__device__ __forceinline__ void copy_box_to(const CUtensorMap& map, int x, int y, std::uint32_t to,
                                            std::uint32_t barrier, std::uint16_t mask) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], "
      "[%1, {%3, %4}], [%2], %5;" ::"r"(to),
      "l"(&map), "r"(barrier), "r"(x), "r"(y), "h"(mask)
      : "memory");
}

// Groups of rows of a matrix of five dimensions (resident_maps.cuh), to all blocks of `mask`.
__device__ __forceinline__ void copy_groups_to(const CUtensorMap& map, int x, int group, std::uint32_t to,
                                               std::uint32_t barrier, std::uint16_t mask) {
  asm volatile(
      "cp.async.bulk.tensor.5d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], "
      "[%1, {%3, %6, %6, %6, %4}], [%2], %5;" ::"r"(to),
      "l"(&map), "r"(barrier), "r"(x), "r"(group), "h"(mask), "r"(0)
      : "memory");
}

// The lower half of what describes a tile of rows of 128 bytes under the 128-byte swizzle; so many bytes of
// depth further it is larger by a sixteenth of them. The upper half is the same for all: 1024 bytes from one
// group of eight rows to the next.
__device__ __forceinline__ std::uint32_t describe_tile(std::uint32_t address) {
  return (address & 0x3FFFFu) >> 4 | 1u << 16;
}
#define QT_UPPER_HALF "0x40000040"

// The same in all threads of a warp, and known to be: so it may be kept in a register of the warp.
__device__ __forceinline__ std::uint32_t uniform(std::uint32_t x) { return __shfl_sync(0xFFFFFFFFu, x, 0); }
__device__ __forceinline__ int uniform(int x) { return __shfl_sync(0xFFFFFFFFu, x, 0); }

__device__ __forceinline__ void begin_products() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void commit_products() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int kLeft>
__device__ __forceinline__ void await_products() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kLeft) : "memory");
}

#define QT_R4(f, i) f(i), f(i + 1), f(i + 2), f(i + 3)
#define QT_R16(f, i) QT_R4(f, i), QT_R4(f, i + 4), QT_R4(f, i + 8), QT_R4(f, i + 12)
#define QT_R64(f, i) QT_R16(f, i), QT_R16(f, i + 16), QT_R16(f, i + 32), QT_R16(f, i + 48)
#define QT_R48(f, i) QT_R16(f, i), QT_R16(f, i + 16), QT_R16(f, i + 32)
#define QT_R96(f, i) QT_R64(f, i), QT_R16(f, i + 64), QT_R16(f, i + 80)
#define QT_INT(i) "+r"(sums[i])
#define QT_FLOAT(i) "+f"(sums[i])
#define QT_NAMES_48                                                                                        \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27," \
  "%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define QT_NAMES_64                                                                                        \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27," \
  "%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,"   \
  "%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define QT_NAMES_96                                                                                        \
  QT_NAMES_64                                                                                              \
  ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%" \
  "89,"                                                                                                    \
  "%90,%91,%92,%93,%94,%95"
#define QT_TEXT_(x) #x
#define QT_TEXT(x) QT_TEXT_(x)

// sums (+)= a b^T, 64 rows of a, 2 * SIZE of b, 32 bytes of depth; `adds` 0 starts anew. A, B, P: the numbers
// of the operands that follow the sums.
#define QT_PRODUCT(NAME, SUM, KIND, SIZE, A, B, P, INSTRUCTION, SCALES)                                           \
  __device__ __forceinline__ void NAME(SUM(&sums)[SIZE], std::uint32_t a, std::uint32_t b, int adds) {            \
    asm volatile("{\n.reg .pred p;\n.reg .b64 a, b;\nsetp.ne.b32 p, %" QT_TEXT(P) ", 0;\n"                      \
                 "mov.b64 a, {%" QT_TEXT(A) ", " QT_UPPER_HALF "};\n"                                           \
                 "mov.b64 b, {%" QT_TEXT(B) ", " QT_UPPER_HALF "};\n"                                           \
                 "wgmma.mma_async.sync.aligned." INSTRUCTION " {" QT_NAMES_##SIZE "}, a, b, p" SCALES ";\n}"    \
                 : QT_R##SIZE(KIND, 0)                                                                         \
                 : "r"(a), "r"(b), "r"(adds)); \
  }
#define QT_FLOAT_SCALES ", 1, 1, 0, 0"
QT_PRODUCT(multiply_i8, int, QT_INT, 48, 48, 49, 50, "m64n96k32.s32.s8.s8", "")
QT_PRODUCT(multiply_i8, int, QT_INT, 64, 64, 65, 66, "m64n128k32.s32.s8.s8", "")
QT_PRODUCT(multiply_i8, int, QT_INT, 96, 96, 97, 98, "m64n192k32.s32.s8.s8", "")
QT_PRODUCT(multiply_f16, float, QT_FLOAT, 64, 64, 65, 66, "m64n128k16.f32.f16.f16", QT_FLOAT_SCALES)
QT_PRODUCT(multiply_f16, float, QT_FLOAT, 96, 96, 97, 98, "m64n192k16.f32.f16.f16", QT_FLOAT_SCALES)
QT_PRODUCT(multiply_bf16, float, QT_FLOAT, 64, 64, 65, 66, "m64n128k16.f32.bf16.bf16", QT_FLOAT_SCALES)
QT_PRODUCT(multiply_bf16, float, QT_FLOAT, 96, 96, 97, 98, "m64n192k16.f32.bf16.bf16", QT_FLOAT_SCALES)

#undef QT_R4
#undef QT_R16
#undef QT_R64
#undef QT_R48
#undef QT_R96
#undef QT_INT
#undef QT_FLOAT
#undef QT_NAMES_48
#undef QT_NAMES_64
#undef QT_NAMES_96
#undef QT_TEXT_
#undef QT_TEXT
#undef QT_PRODUCT
#undef QT_FLOAT_SCALES
#undef QT_UPPER_HALF

// Registers go from one warpgroup to another.
template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
