/* mps2-an385/uart.c: the console on the first CMSDK UART (DDI 0479, 4.3). */
#include <string.h>

#include "mps2.h"
#include "lwip/board.h"

#define UART    0x40004000u
#define DATA    (UART + 0x00)
#define STATE   (UART + 0x04)
#define CTRL    (UART + 0x08)
#define BAUDDIV (UART + 0x10)

#define STATE_FULL 1u
#define CTRL_SEND  1u

void board_uart_start(void)
{
    *board_reg(BAUDDIV) = 217; /* 25 MHz to 115,200 bit/s; 16 is the least */
    *board_reg(CTRL) = CTRL_SEND;
}

void board_uart_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        while ((*board_reg(STATE) & STATE_FULL) != 0)
            ;
        *board_reg(DATA) = (uint8_t)text[i];
    }
}

void board_say(const char *text)
{
    board_uart_write(text, strlen(text));
}

void rn_board_log(const char *line, size_t len)
{
    board_uart_write(line, len);
}
