terraform {
  backend "local" {
    path = "$DEPLOYED/prod/network.tfstate"
  }
}

module "network" {
  source      = "../../../modules/network"
  environment = "prod"
  cidr        = "10.30.0.0/16"
  subnet_size = 256
}

output "deployed" {
  value = module.network.deployed
}
