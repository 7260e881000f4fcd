variable "release" { type = string }

# A colour that gets no requests is left over from a deployment that failed. It makes room for the new one.
resource "terraform_data" "server" {
  triggers_replace = var.release

  provisioner "local-exec" {
    command = "\"$SHOP/bin/shop\" tidy && \"$SHOP/bin/shop\" start ${var.release} ${var.release}"
  }
}
