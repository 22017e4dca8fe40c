"""Writes the .npy and safetensors files of src/test/resources/wire; run from the project's root."""

import numpy as np
from safetensors import TensorSpec, serialize
from safetensors.numpy import save_file

VALUES = [1.5, -2, 3, 0.125, 2.0**-14, 7]

for order in "<>":
    for width in (2, 4, 8):
        array = np.array(VALUES, f"{order}f{width}")
        for version in (1, 2, 3):
            name = f"{'le' if order == '<' else 'be'}-f{width}-v{version}.npy"
            with open(f"src/test/resources/wire/{name}", "wb") as file:
                np.lib.format.write_array(file, array, (version, 0))

W, B = np.array(VALUES[:5]), np.array(float(VALUES[5]))
for width in (2, 4, 8):
    tensors = {"w": W.astype(f"<f{width}"), "b": B.astype(f"<f{width}")}
    save_file(tensors, f"src/test/resources/wire/f{width}.safetensors", {"made by": "NumPy"})
save_file({"w": W.astype("<f2"), "b": B}, "src/test/resources/wire/mixed.safetensors")

halves = {
    name: np.asarray(v.astype("<f4").view("<u4") >> 16, "<u2") for name, v in (("w", W), ("b", B))
}
with open("src/test/resources/wire/bf2.safetensors", "wb") as file:
    file.write(
        serialize(
            {
                name: TensorSpec(
                    dtype="bfloat16",
                    shape=list(v.shape),
                    data_ptr=v.ctypes.data,
                    data_len=v.nbytes,
                )
                for name, v in halves.items()
            }
        )
    )
