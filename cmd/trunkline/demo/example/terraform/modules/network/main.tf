variable "environment" { type = string }
variable "cidr" { type = string }
variable "subnet_size" { type = number }

resource "terraform_data" "vpc" {
  input = {
    name = "acme-${var.environment}"
    cidr = var.cidr
  }
}

resource "terraform_data" "subnet" {
  for_each = toset(["a", "b"])
  input = {
    vpc  = terraform_data.vpc.output.name
    zone = each.key
    size = var.subnet_size
  }
}

output "deployed" {
  value = {
    address     = "${terraform_data.vpc.output.name}.example"
    cidr        = terraform_data.vpc.output.cidr
    subnet_size = terraform_data.subnet["a"].output.size
  }
}
