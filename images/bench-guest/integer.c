// Integer kernel of npm run bench: match-finding compression, CRC-32, a hash table and a sort over buffers of 256 KiB to 1 MiB, so
// that the working set is beyond a first-level cache and branches depend on the data. Prints one checksum of all the results.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 1 << 18, SLOTS = 1 << 16, KEYS = 1 << 17, MATCH_BITS = 14, MATCH_MIN = 4, MATCH_MAX = 255, ROUNDS = 60 };

static uint8_t text[TEXT];
static uint8_t packed[TEXT + TEXT / 8];
static uint8_t unpacked[TEXT];
static uint32_t heads[1 << MATCH_BITS];
static uint32_t crcTable[256];
static struct { uint64_t key; uint64_t count; } slots[SLOTS];
static uint32_t keys[KEYS];

static uint64_t state = 88172645463325252u;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/** Words of a skewed vocabulary, so that there is something to find. */
static void makeText(void) {
  static uint8_t words[512][12];
  for (int i = 0; i < 512; i++) {
    int length = 2 + next() % 9;
    for (int j = 0; j < length; j++) words[i][j] = 'a' + next() % 26;
    words[i][length] = ' ';
  }
  for (int at = 0; at < TEXT;) {
    uint64_t r = next();
    const uint8_t *word = words[(r & 511) & (r >> 9 & 511)];
    for (int j = 0; word[j] && at < TEXT; j++) text[at++] = word[j];
  }
}

/** Tokens: 0 and a literal, or a length and a distance of 3 bytes. Returns the packed length. */
static uint32_t compress(void) {
  uint32_t out = 0;
  memset(heads, 0xff, sizeof heads);
  for (uint32_t at = 0; at < TEXT;) {
    uint32_t length = 0, distance = 0;
    if (at + MATCH_MIN <= TEXT) {
      uint32_t four = text[at] | text[at + 1] << 8 | text[at + 2] << 16 | (uint32_t)text[at + 3] << 24;
      uint32_t hash = four * 2654435761u >> (32 - MATCH_BITS);
      uint32_t candidate = heads[hash];
      heads[hash] = at;
      if (candidate != UINT32_MAX) {
        uint32_t limit = TEXT - at < MATCH_MAX ? TEXT - at : MATCH_MAX;
        while (length < limit && text[candidate + length] == text[at + length]) length++;
        distance = at - candidate;
      }
    }
    if (length >= MATCH_MIN) {
      packed[out++] = length;
      packed[out++] = distance;
      packed[out++] = distance >> 8;
      packed[out++] = distance >> 16;
      at += length;
    } else {
      packed[out++] = 0;
      packed[out++] = text[at++];
    }
    if (out > sizeof packed - 4) return 0;
  }
  return out;
}

static uint32_t expand(uint32_t length) {
  uint32_t out = 0;
  for (uint32_t at = 0; at < length;) {
    uint32_t count = packed[at++];
    if (count == 0) {
      unpacked[out++] = packed[at++];
      continue;
    }
    uint32_t distance = packed[at] | packed[at + 1] << 8 | packed[at + 2] << 16;
    at += 3;
    for (; count > 0; count--, out++) unpacked[out] = unpacked[out - distance];
  }
  return out;
}

static uint32_t crc32(const uint8_t *bytes, uint32_t length) {
  uint32_t crc = UINT32_MAX;
  for (uint32_t i = 0; i < length; i++) crc = crc >> 8 ^ crcTable[(crc ^ bytes[i]) & 255];
  return ~crc;
}

/** Counts the text's words in an open hash table; returns a mix of the counts. */
static uint64_t countWords(void) {
  memset(slots, 0, sizeof slots);
  uint64_t word = 0, mix = 0;
  for (uint32_t i = 0; i < TEXT; i++) {
    if (text[i] != ' ') {
      word = word * 31 + text[i];
      continue;
    }
    // Pairs of words, so that the table fills.
    uint64_t key = (word ^ mix) | 1;
    mix = word * 0x9e3779b97f4a7c15u;
    uint32_t slot = key * 0x9e3779b97f4a7c15u >> 48;
    while (slots[slot].key != 0 && slots[slot].key != key) slot = (slot + 1) % SLOTS;
    slots[slot].key = key;
    slots[slot].count++;
    word = 0;
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < SLOTS; i++) sum = (sum << 5 | sum >> 59) ^ slots[i].key * slots[i].count;
  return sum;
}

static void sort(uint32_t *from, uint32_t *to) {
  while (to - from > 16) {
    uint32_t pivot = from[(to - from) / 2];
    uint32_t *left = from, *right = to - 1;
    for (;;) {
      while (*left < pivot) left++;
      while (*right > pivot) right--;
      if (left >= right) break;
      uint32_t swap = *left;
      *left++ = *right;
      *right-- = swap;
    }
    sort(from, left);
    from = left;
  }
  for (uint32_t *i = from + 1; i < to; i++) {
    uint32_t value = *i, *j = i;
    for (; j > from && j[-1] > value; j--) *j = j[-1];
    *j = value;
  }
}

int main(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    crcTable[i] = value;
  }
  uint64_t sum = 0;
  for (int round = 0; round < ROUNDS; round++) {
    makeText();
    uint32_t length = compress();
    if (length == 0 || expand(length) != TEXT || memcmp(text, unpacked, TEXT) != 0) {
      puts("the text does not come back");
      return 1;
    }
    for (int again = 0; again < 4; again++) sum = sum * 31 + crc32(packed, length) + crc32(unpacked, TEXT);
    for (int again = 0; again < 4; again++) sum = sum * 31 + countWords();
    for (uint32_t i = 0; i < KEYS; i++) keys[i] = next();
    sort(keys, keys + KEYS);
    for (uint32_t i = 1; i < KEYS; i++) {
      if (keys[i - 1] > keys[i]) {
        puts("the keys are not in order");
        return 1;
      }
    }
    for (uint32_t i = 0; i < KEYS; i += 97) sum = sum * 31 + keys[i];
  }
  printf("%016llx\n", (unsigned long long)sum);
  return 0;
}
