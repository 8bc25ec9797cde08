// Marks one required symbol version of a shared library as weak, in place:  weaken_version LIBRARY GLIBC_2.36
//
// Why: Debian 12's libstdc++ asks for GLIBC_2.36 because std::random_device calls arc4random. Quantier never
// does, yet on a system with glibc 2.35 the loader would refuse the whole library. A weak requirement is not
// refused; only calling the missing function would fail. Layout: ELF gABI, "Symbol Versioning" of the Linux
// Standard Base, section 11.7.3.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

// Reads or writes a struct at an offset, refusing to leave the file.
template <class T>
bool load(const std::vector<char>& file, std::uint64_t offset, T& value) {
  if (offset > file.size() || file.size() - offset < sizeof value) return false;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return true;
}

// Number of entries marked, or -1 when the file is not what it should be.
int weaken(std::vector<char>& file, const std::string& version) {
  Elf64_Ehdr header;
  if (!load(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return -1;
  int marked = 0;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    if (!load(file, header.e_shoff + i * sizeof section, section)) return -1;
    if (section.sh_type != SHT_GNU_verneed) continue;
    Elf64_Shdr strings;
    if (!load(file, header.e_shoff + section.sh_link * sizeof strings, strings)) return -1;
    std::uint64_t at = section.sh_offset;
    for (unsigned n = 0; n < section.sh_info; ++n) {
      Elf64_Verneed need;
      if (!load(file, at, need)) return -1;
      std::uint64_t aux_at = at + need.vn_aux;
      for (unsigned a = 0; a < need.vn_cnt; ++a) {
        Elf64_Vernaux aux;
        if (!load(file, aux_at, aux)) return -1;
        const std::uint64_t name_at = strings.sh_offset + aux.vna_name;
        if (name_at + version.size() < file.size() && version == std::string(file.data() + name_at)) {
          aux.vna_flags |= VER_FLG_WEAK;
          std::memcpy(file.data() + aux_at, &aux, sizeof aux);
          ++marked;
        }
        aux_at += aux.vna_next;
      }
      at += need.vn_next;
    }
  }
  return marked;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: weaken_version LIBRARY VERSION\n", stderr);
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  std::vector<char> file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const int marked = weaken(file, argv[2]);
  if (marked <= 0) {
    std::fprintf(stderr, "weaken_version: %s does not require %s\n", argv[1], argv[2]);
    return 1;
  }
  std::ofstream(argv[1], std::ios::binary).write(file.data(), static_cast<std::streamsize>(file.size()));
  return 0;
}
