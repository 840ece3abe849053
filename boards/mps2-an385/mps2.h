/* mps2-an385/mps2.h: what the files of this board know of each other.
 *
 * The board is Arm's MPS2 with the AN385 image (Cortex-M3, DTO0385), as QEMU
 * emulates it. Flash is the 4 MiB at address 0, RAM at 0x20000000.
 */
#ifndef MPS2_AN385_MPS2_H
#define MPS2_AN385_MPS2_H

#include "runnel/base.h"

struct netif;

static inline volatile uint32_t *board_reg(uintptr_t address)
{
    return (volatile uint32_t *)address;
}

/* From the linker script; only their addresses mean something. */
extern uint8_t board_stack_low[], board_stack_high[];
extern uint8_t board_arena[], board_ram[], board_ram_end[];
extern uint8_t board_data[], board_bss_end[], board_flash_used[];

/* Partitions of the flash behind the image: what a device is provisioned with.
 * The job file as text, ended by a byte that is 0 or 0xff; trusted roots, each
 * in DER, one behind the other, ended the same way.
 */
#define BOARD_JOB        0x00100000u
#define BOARD_JOB_SIZE   0x00004000u
#define BOARD_ROOTS      0x00104000u
#define BOARD_ROOTS_SIZE 0x00004000u

/* uart.c: bytes to the console. */
void board_uart_start(void);
void board_uart_write(const char *text, size_t len);
void board_say(const char *text); /* a C string */

/* startup.c: bytes of stack that were ever used. */
size_t board_stack_peak(void);
void board_irq_off(void);
void board_irq_on(void);

/* Let this interrupt of the board come, forgetting one that waits. */
#define BOARD_ETHERNET_IRQ 13u
void board_irq_enable(unsigned number);

/* lan9118.c: Ethernet. rn_board_poll() is there too. */
int board_ethernet_start(struct netif *n);
bool board_ethernet_waiting(void); /* a frame is in the FIFO */
void board_ethernet_acknowledge(void);

/* semihosting.c: what stands in for parts that the emulated board lacks; see
 * there. board_argument() copies the value of the word NAME=VALUE among the
 * arguments; false when there is none that fits.
 */
bool board_argument(const char *name, char *to, size_t cap);
_Noreturn void board_exit(int code);
int board_host_open(const char *path, const char *mode);
int64_t board_host_size(int file);
int board_host_read(int file, size_t at, void *buf, size_t len);
int board_host_write(int file, size_t at, const void *buf, size_t len);
int64_t board_host_seconds(void); /* since 1970 */

#endif
