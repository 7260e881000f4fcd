variable "release" { type = string }

# Without the variable it is the whole: that is the plan that people see and approve.
variable "weight" {
  type    = number
  default = 100
}

# The new release is started beside the one that runs.
resource "terraform_data" "server" {
  triggers_replace = var.release

  provisioner "local-exec" {
    command = "\"$SHOP/bin/shop\" start ${var.release} ${var.release}"
  }
}

# It gets its share of the requests; what gets none any more is stopped.
resource "terraform_data" "share" {
  triggers_replace = [var.release, var.weight]
  depends_on       = [terraform_data.server]

  provisioner "local-exec" {
    command = "\"$SHOP/bin/shop\" share ${var.release} ${var.weight} && \"$SHOP/bin/shop\" tidy"
  }
}
