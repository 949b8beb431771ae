//! Writes programs for the kernel's own machine, eBPF (RFC 9669): one method per kind of instruction, jumps to names.

/// A register. `R0` is what a call returns and the program's result, `R1` to `R5` are what calls are given and lose, `R6` to
/// `R9` keep their value, `R10` is the end of the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reg {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// How many bytes are loaded or stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Size {
    Byte,
    Half,
    Word,
    Double,
}

/// When a jump is taken, of a register and a number. All compare without a sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum If {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
}

/// A place in the program that jumps lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(usize);

/// A program that is being written.
#[derive(Default, Debug)]
pub(super) struct Code {
    instructions: Vec<u64>,
    /// Where each label stands.
    labels: Vec<Option<usize>>,
    /// Which instruction jumps to which label.
    jumps: Vec<(usize, Label)>,
}

// Instruction classes and operations (RFC 9669 sections 3 to 5).
const LOAD_IMMEDIATE_64: u8 = 0x18;
const LOAD: u8 = 0x61;
const STORE_IMMEDIATE: u8 = 0x62;
const STORE: u8 = 0x63;
const ADD_IMMEDIATE: u8 = 0x07;
const ADD: u8 = 0x0f;
const AND_IMMEDIATE: u8 = 0x57;
const SHIFT_RIGHT_IMMEDIATE: u8 = 0x77;
const XOR_IMMEDIATE: u8 = 0xa7;
const MOVE_IMMEDIATE: u8 = 0xb7;
const MOVE: u8 = 0xbf;
const TO_BIG_ENDIAN: u8 = 0xdc;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
/// Of a jump: the second operand is a register, not a number.
const WITH_REGISTER: u8 = 0x08;
/// The number of a 64 bit load is a map's descriptor.
const MAP: u8 = 1;

impl Size {
    fn bits(self) -> u8 {
        match self {
            Self::Word => 0x00,
            Self::Half => 0x08,
            Self::Byte => 0x10,
            Self::Double => 0x18,
        }
    }
}

impl If {
    fn with_number(self) -> u8 {
        match self {
            Self::Equal => 0x15,
            Self::Greater => 0x25,
            Self::NotEqual => 0x55,
            Self::Less => 0xa5,
            Self::LessOrEqual => 0xb5,
        }
    }
}

impl Code {
    /// A place that is not known yet.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The label stands here.
    pub(super) fn here(&mut self, label: Label) {
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(self.instructions.len());
        }
    }

    pub(super) fn load(&mut self, size: Size, to: Reg, from: Reg, offset: i16) {
        self.push(LOAD | size.bits(), to, from as u8, offset, 0);
    }

    pub(super) fn store(&mut self, size: Size, to: Reg, offset: i16, from: Reg) {
        self.push(STORE | size.bits(), to, from as u8, offset, 0);
    }

    pub(super) fn store_number(&mut self, size: Size, to: Reg, offset: i16, number: i32) {
        self.push(STORE_IMMEDIATE | size.bits(), to, 0, offset, number);
    }

    pub(super) fn set(&mut self, to: Reg, number: i32) {
        self.push(MOVE_IMMEDIATE, to, 0, 0, number);
    }

    pub(super) fn copy(&mut self, to: Reg, from: Reg) {
        self.push(MOVE, to, from as u8, 0, 0);
    }

    pub(super) fn add(&mut self, to: Reg, from: Reg) {
        self.push(ADD, to, from as u8, 0, 0);
    }

    pub(super) fn add_number(&mut self, to: Reg, number: i32) {
        self.push(ADD_IMMEDIATE, to, 0, 0, number);
    }

    pub(super) fn and(&mut self, to: Reg, number: i32) {
        self.push(AND_IMMEDIATE, to, 0, 0, number);
    }

    pub(super) fn xor(&mut self, to: Reg, number: i32) {
        self.push(XOR_IMMEDIATE, to, 0, 0, number);
    }

    pub(super) fn shift_right(&mut self, to: Reg, bits: i32) {
        self.push(SHIFT_RIGHT_IMMEDIATE, to, 0, 0, bits);
    }

    /// Sixteen bits that were loaded as they stand in a packet become a number.
    pub(super) fn read_network_16(&mut self, register: Reg) {
        self.push(TO_BIG_ENDIAN, register, 0, 0, 16);
    }

    /// The address of `offset` bytes above another register.
    pub(super) fn address(&mut self, to: Reg, from: Reg, offset: i32) {
        self.copy(to, from);
        self.add_number(to, offset);
    }

    /// The map behind a descriptor, for a call.
    pub(super) fn map(&mut self, to: Reg, descriptor: i32) {
        self.push(LOAD_IMMEDIATE_64, to, MAP, 0, descriptor);
        self.instructions.push(0);
    }

    pub(super) fn jump_if(&mut self, left: Reg, condition: If, number: i32, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.push(condition.with_number(), left, 0, 0, number);
    }

    pub(super) fn jump_if_register(&mut self, left: Reg, condition: If, right: Reg, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        let operation = condition.with_number() | WITH_REGISTER;
        self.push(operation, left, right as u8, 0, 0);
    }

    /// Calls a function of the kernel by its number.
    pub(super) fn call(&mut self, function: i32) {
        self.push(CALL, Reg::R0, 0, 0, function);
    }

    pub(super) fn exit(&mut self) {
        self.push(EXIT, Reg::R0, 0, 0, 0);
    }

    /// The program, eight bytes an instruction. A jump to a label that stands nowhere leads to the next instruction, which
    /// the kernel's own check of the program sees through.
    pub(super) fn finish(mut self) -> Vec<u64> {
        for (at, label) in self.jumps {
            let place = self.labels.get(label.0).copied().flatten();
            let offset = place.and_then(|place| i16::try_from(place as i64 - at as i64 - 1).ok());
            if let Some(instruction) = self.instructions.get_mut(at) {
                let mut bytes = instruction.to_ne_bytes();
                bytes[2..4].copy_from_slice(&offset.unwrap_or(0).to_ne_bytes());
                *instruction = u64::from_ne_bytes(bytes);
            }
        }
        self.instructions
    }

    fn push(&mut self, operation: u8, to: Reg, from: u8, offset: i16, number: i32) {
        let registers = match cfg!(target_endian = "little") {
            true => from << 4 | to as u8,
            false => (to as u8) << 4 | from,
        };
        let mut bytes = [operation, registers, 0, 0, 0, 0, 0, 0];
        bytes[2..4].copy_from_slice(&offset.to_ne_bytes());
        bytes[4..8].copy_from_slice(&number.to_ne_bytes());
        self.instructions.push(u64::from_ne_bytes(bytes));
    }
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_written_as_the_kernel_reads_them() {
        let mut code = Code::default();
        code.set(Reg::R0, -1);
        code.load(Size::Half, Reg::R2, Reg::R7, 20);
        code.store(Size::Double, Reg::R10, -8, Reg::R1);
        code.map(Reg::R1, 5);
        code.call(130);
        code.exit();
        let bytes: Vec<[u8; 8]> = code
            .finish()
            .iter()
            .map(|word| word.to_le_bytes())
            .collect();
        assert_eq!(
            bytes,
            [
                [0xb7, 0x00, 0, 0, 0xff, 0xff, 0xff, 0xff],
                [0x69, 0x72, 20, 0, 0, 0, 0, 0],
                [0x7b, 0x1a, 0xf8, 0xff, 0, 0, 0, 0],
                [0x18, 0x11, 0, 0, 5, 0, 0, 0],
                [0; 8],
                [0x85, 0, 0, 0, 130, 0, 0, 0],
                [0x95, 0, 0, 0, 0, 0, 0, 0],
            ]
        );
    }

    #[test]
    fn jumps_lead_to_their_labels_forward_and_back() {
        let mut code = Code::default();
        let (start, end) = (code.label(), code.label());
        code.here(start);
        code.jump_if(Reg::R1, If::Equal, 7, end);
        code.map(Reg::R1, 5);
        code.jump_if_register(Reg::R1, If::Greater, Reg::R2, start);
        code.here(end);
        code.exit();
        let code = code.finish();
        let offset =
            |at: usize| i16::from_le_bytes([code[at].to_le_bytes()[2], code[at].to_le_bytes()[3]]);
        assert_eq!((offset(0), offset(3)), (3, -4));
        assert_eq!(code[3].to_le_bytes()[..2], [0x2d, 0x21]);
    }
}
