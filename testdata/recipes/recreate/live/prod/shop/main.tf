variable "release" { type = string }

# Terraform destroys before it creates, unless it is told otherwise: the old release has stopped when the new one starts.
resource "terraform_data" "server" {
  triggers_replace = var.release

  provisioner "local-exec" {
    command = "\"$SHOP/bin/shop\" start shop ${var.release} && \"$SHOP/bin/shop\" share shop 100"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "\"$SHOP/bin/shop\" stop shop"
  }
}
