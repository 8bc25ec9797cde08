# The CUDA engine is optional: without nvcc the program is built all the same, and says so when a device is asked for.
set(QUANTIER_HAS_CUDA OFF)
if(NOT QUANTIER_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    # CMake 3.25 does not know how a newer compiler is asked for C++20.
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
    find_package(CUDAToolkit REQUIRED)
    set(QUANTIER_HAS_CUDA ON)
    message(STATUS "CUDA engine: nvcc ${CMAKE_CUDA_COMPILER_VERSION}")
  elseif(QUANTIER_CUDA STREQUAL "ON")
    message(FATAL_ERROR "QUANTIER_CUDA is ON and nvcc was not found: install the CUDA toolkit, or name it with -DCMAKE_CUDA_COMPILER=")
  else()
    message(STATUS "CUDA engine: left out, nvcc was not found")
  endif()
endif()

# quantier_cuda_kernels(ARCHITECTURE): one table of kernels, engine/cuda/kernels_sm${ARCHITECTURE}.cu, for one generation
# of cards. Hopper's holds instructions that belong to it alone (90a); of the others the PTX is kept, which the driver
# compiles for newer cards.
function(quantier_cuda_kernels TARGET ARCHITECTURE)
  set(architectures ${ARCHITECTURE})
  if(ARCHITECTURE EQUAL 90)
    set(architectures 90a-real)
  endif()
  set(library quantier_cuda_sm${ARCHITECTURE})
  add_library(${library} OBJECT ${CMAKE_SOURCE_DIR}/quantier/engine/cuda/kernels_sm${ARCHITECTURE}.cu)
  target_include_directories(${library} PRIVATE ${CMAKE_SOURCE_DIR})
  set_target_properties(${library} PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_ARCHITECTURES "${architectures}"
    EXPORT_COMPILE_COMMANDS OFF)
  target_compile_options(${library} PRIVATE -Xcompiler=-Wall,-Wextra)
  if(QUANTIER_WERROR)
    target_compile_options(${library} PRIVATE --Werror=all-warnings)
  endif()
  target_sources(${TARGET} PRIVATE $<TARGET_OBJECTS:${library}>)
endfunction()
