variable "environment" { type = string }
variable "replicas" { type = number }

resource "terraform_data" "service" {
  input = {
    name     = "shop-${var.environment}"
    replicas = var.replicas
  }
}

output "deployed" {
  value = {
    address  = "${terraform_data.service.output.name}.example"
    replicas = terraform_data.service.output.replicas
  }
}
