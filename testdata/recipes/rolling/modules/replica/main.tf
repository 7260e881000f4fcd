variable "name" { type = string }

locals {
  release = trimspace(file("${path.module}/release.txt"))
}

resource "terraform_data" "replica" {
  triggers_replace = local.release

  provisioner "local-exec" {
    command = "${path.module}/replace.sh ${var.name} ${local.release}"
  }
}
